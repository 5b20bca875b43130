import { TsboxError } from '@tsbox/errors'

/**
 * A path inside the box in its one form: absolute, no '.', no empty components, no trailing slash.
 *
 * @throws TsboxError ERR_TSBOX_SPEC for a relative path, one with '..', a NUL byte, or over 4095 bytes
 */
export const insidePath = (path: string, field: string): string => {
  const parts = path.split('/').filter(part => part !== '' && part !== '.')
  const bad = !path.startsWith('/')
    ? 'is not absolute'
    : parts.includes('..')
      ? "has '..' in it"
      : path.includes('\0')
        ? 'has a NUL byte in it'
        : Buffer.byteLength(path) > 4095 || parts.some(part => Buffer.byteLength(part) > 255)
          ? 'is too long'
          : undefined
  if (bad === undefined) return `/${parts.join('/')}`
  throw new TsboxError('ERR_TSBOX_SPEC', `${field}: ${JSON.stringify(path)} ${bad}`, {
    hint: 'Give the full path as the box will see it.',
    step: field,
  })
}

/** `insidePath` for something to be mounted there: the root itself and the kernel's own trees are taken. */
export const mountTarget = (path: string, field: string): string => {
  const target = insidePath(path, field)
  if (target !== '/' && !/^\/(proc|sys)(\/|$)/.test(target) && target !== '/dev') return target
  throw new TsboxError('ERR_TSBOX_SPEC', `${field}: nothing can be mounted at ${target} of a box`, {
    hint: 'Choose another directory; the root is chosen with --root, --rootfs or --layer.',
    step: field,
  })
}
