import { statfsSync } from 'node:fs'
import { resolve } from 'node:path'
import { TsboxError } from '@tsbox/errors'
import type { Bundle } from './bundle.ts'

/** PROC_SUPER_MAGIC of statfs(2). */
const PROC_MAGIC = 0x9fa0

/**
 * What is bound on /proc has to be one: whoever looks there must not be told by a directory of somebody else's what processes and
 * labels there are (CVE-2019-19921).
 *
 * @throws TsboxError ERR_TSBOX_HOST naming the mount
 */
export const checkProcSources = ({ path, config }: Pick<Bundle, 'path' | 'config'>): void => {
  for (const [i, { destination, type, source = '' }] of (config.mounts ?? []).entries()) {
    if (destination !== '/proc' || type === 'proc' || isProc(resolve(path, source))) continue
    throw new TsboxError(
      'ERR_TSBOX_HOST',
      `mounts[${i}].source: ${JSON.stringify(source)} is no proc file system`,
      {
        hint: 'Use type "proc", or bind the /proc of the host.',
        step: `mounts[${i}].source`,
      },
    )
  }
}

const isProc = (path: string): boolean => {
  try {
    return statfsSync(path).type === PROC_MAGIC
  } catch {
    return false
  }
}
