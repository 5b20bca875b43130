import { KERNEL, type Op } from '@tsbox/protocol'
import { sysctlFile } from '@tsbox/spec'
import type { ContainerInput } from './input.ts'
import { placeOf } from './mounts.ts'
import { CONTAINER_SLOTS as SLOTS } from './slots.ts'

/** Covers over what the container shall not see or not change; the null device that covers a file is the host's own (CVE-2025-31133). */
export const coverOps = (input: ContainerInput): readonly Op[] => {
  const { config } = input
  const masked = [...new Set(config.linux.maskedPaths ?? [])]
  const readOnly = [...new Set(config.linux.readonlyPaths ?? [])]
  const dev: Op = {
    op: 'open',
    slot: SLOTS.hostDev,
    path: '/dev',
    flags: KERNEL.O_PATH | KERNEL.O_DIRECTORY,
  }
  return [
    ...readOnly.map((path): Op => ({ op: 'protect', ...placeOf(path, input) })),
    ...(masked.length === 0 ? [] : [dev]),
    ...masked.map((path): Op => ({ op: 'mask', ...placeOf(path, input), dev: SLOTS.hostDev })),
  ]
}

/** Kernel parameters, written through a /proc of the container's own and by no name of its root. */
export const sysctlOps = ({ config }: ContainerInput): readonly Op[] => {
  const entries = Object.entries(config.linux.sysctl ?? {})
  if (entries.length === 0) return []
  const proc = config.mounts?.findLast(({ destination }) => destination === '/proc')
  const dir = proc?.type === 'proc' ? SLOTS.proc : SLOTS.parameters
  return [
    ...(dir === SLOTS.proc
      ? []
      : [{ op: 'fsMount', slot: dir, type: 'proc', options: [], attributes: 0 } as const]),
    ...entries.map(
      ([key, value]): Op => ({
        op: 'writeAt',
        dir,
        file: `sys/${sysctlFile(key, value, true)}`,
        data: value,
      }),
    ),
  ]
}
