import type { Userland } from '../src/index.ts'

/** Merged /usr, as new distributions have it. */
export const MERGED: Userland = {
  trees: ['usr'],
  links: [
    ['bin', 'usr/bin'],
    ['lib', 'usr/lib'],
  ],
  etc: [
    ['ssl/certs', true],
    ['ld.so.cache', false],
    ['resolv.conf', false],
  ],
}

/** /bin and /lib as directories of their own. */
export const UNMERGED: Userland = { trees: ['usr', 'bin', 'lib'], links: [], etc: [] }

export const never = (): Userland => {
  throw new Error('the userland is not needed for this root')
}
