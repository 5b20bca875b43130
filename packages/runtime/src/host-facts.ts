import { existsSync, readFileSync, statSync } from 'node:fs'
import { release, totalmem } from 'node:os'
import { detectHost } from '@tsbox/cgroups'
import type { Host } from '@tsbox/plan'
import type { Box } from '@tsbox/spec'

/** Where the directories of running boxes lie. */
export const RUN_DIR = '/run/tsbox'

/**
 * What the planner has to know of this host for one box: a few small files of /proc, and a look at each volume.
 *
 * @throws TsboxError ERR_TSBOX_CGROUP when no cgroup hierarchy is mounted
 */
export const hostFacts = (box: Box): Host => {
  const cgroups = detectHost()
  return {
    cgroups,
    kernel: kernelVersion(release()),
    runDir: RUN_DIR,
    memory: totalmem(),
    nofile: callersDescriptorLimit(),
    capabilities: box.allCapabilities ? ownCapabilities() : 0n,
    timeNamespace: existsSync('/proc/self/ns/time'),
    directories: new Set(box.volumes.map(({ source }) => source).filter(isDirectory)),
  }
}

/** [6, 18] of '6.18.44-cloud-amd64'. */
export const kernelVersion = (text: string): readonly [number, number] => {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(text) ?? []
  return [Number(major), Number(minor)]
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/**
 * Node raises its own soft limit to the hard one; what the user had is still to be read from the process that started
 * this one.
 */
const callersDescriptorLimit = (): Host['nofile'] => {
  const read = (pid: number | 'self') => {
    try {
      const line = /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))
      return line === null ? undefined : { soft: Number(line[1]), hard: Number(line[2]) }
    } catch {
      return undefined
    }
  }
  const own = read('self') ?? { soft: 1024, hard: 4096 }
  const callers = process.ppid === 0 ? undefined : read(process.ppid)
  return { soft: Math.min(callers?.soft ?? own.soft, own.hard), hard: own.hard }
}

const ownCapabilities = (): bigint => {
  const line = /^CapPrm:\s+([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'latin1'))
  return BigInt(`0x${line?.[1] ?? '0'}`)
}
