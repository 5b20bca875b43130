import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { encode, type Op, type Plan, PROTOCOL, type StatusRecord } from '@tsbox/protocol'
import { launchShim, locateShim, type RunningShim } from '../src/index.ts'

/** The shim as it ships, and the same under sanitizers, which ends at its first wrong access. */
export const SHIMS: Readonly<Record<string, string>> = {
  release: locateShim(),
  sanitized: join(import.meta.dirname, '../../../build/asan/tsbox-shim'),
}

/** Whether a shim can be started at all: the sanitized one needs libraries that a small machine may lack. */
export const isStartable = (shim: string): boolean =>
  spawnSync(shim, [], { stdio: 'ignore', env: {} }).status === 125

export const runDir = (name: string): string => `/run/tsbox/${name}`

export interface Extra {
  readonly outer?: readonly Op[]
  readonly inner?: readonly Op[]
  readonly teardown?: readonly Op[]
  /** Bits of supervise.flags. Default: a lease. */
  readonly flags?: number
  readonly timeoutMs?: number
}

/** The smallest plan that runs a shell script, with operations added to the beginnings of its chapters. */
export const smallPlan = (name: string, script: string, extra: Extra = {}): Plan => ({
  outer: [
    { op: 'claim', slot: 0, path: runDir(name), reclaim: 1 },
    ...(extra.outer ?? []),
    { op: 'clone', flags: 0n, cgroup: PROTOCOL.noSlot },
    {
      op: 'supervise',
      timeoutMs: extra.timeoutMs ?? 0,
      stopSignal: 15,
      stopTimeoutMs: 1000,
      flags: extra.flags ?? 1,
    },
  ],
  inner: [
    ...(extra.inner ?? []),
    {
      op: 'exec',
      paths: ['/nowhere/sh', '/bin/sh'],
      argv: ['sh', '-c', script],
      env: ['PATH=/bin:/usr/bin'],
    },
  ],
  teardown: [...(extra.teardown ?? []), { op: 'release', path: runDir(name) }],
})

export interface Told {
  readonly code: number | null
  readonly records: readonly StatusRecord[]
  /** What a sanitizer says. */
  readonly stderr: string
}

/** Starts a shim with these bytes. */
export const start = (
  shim: string,
  plan: Plan | Buffer,
  onRecord?: (record: StatusRecord, shim: RunningShim) => void,
): { readonly shim: RunningShim; readonly told: Promise<Told> } => {
  let running: RunningShim | undefined
  const options = {
    shim,
    plan: Buffer.isBuffer(plan) ? plan : encode(plan),
    stdio: ['ignore', 'ignore', 'pipe'] as const,
    onRecord: (record: StatusRecord) => running !== undefined && onRecord?.(record, running),
  }
  running = launchShim({ ...options, onRecord: record => void options.onRecord(record) })
  let stderr = ''
  running.child.stderr?.on('data', chunk => {
    stderr += chunk
  })
  const told = running.ended.then(({ code }) => ({ code, records: running?.records ?? [], stderr }))
  return { shim: running, told }
}
