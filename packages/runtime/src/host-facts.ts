import { existsSync, statSync } from 'node:fs'
import { release, totalmem } from 'node:os'
import { detectHost } from '@tsbox/cgroups'
import type { Host } from '@tsbox/plan'
import type { Box } from '@tsbox/spec'
import { callersDescriptorLimit, ownCapabilities } from './caller.ts'

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
