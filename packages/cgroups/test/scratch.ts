import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { Cgroup, type CgroupHost, type CreateOptions, detectHost } from '../src/index.ts'

/** Every hierarchy's mount point. */
export const mountsOf = (host: CgroupHost): readonly string[] => [
  ...new Set([...Object.values(host.v1), ...(host.unified === undefined ? [] : [host.unified.mount])]),
]

/** The directories at and below `path` in every hierarchy of this machine. */
export const directoriesAt = (path: string): readonly string[] =>
  mountsOf(detectHost()).flatMap(mount => {
    const top = mount + path
    if (!existsSync(top)) return []
    const below = readdirSync(top, { recursive: true, withFileTypes: true })
    return [
      top,
      ...below.filter(entry => entry.isDirectory()).map(entry => `${entry.parentPath}/${entry.name}`),
    ]
  })

/** The hosts this machine can play: itself, and on a hybrid one its v1 part alone. */
export const playableHosts = (): readonly CgroupHost[] => {
  const host = detectHost()
  return host.mode === 'hybrid' ? [host, { mode: 'v1', v1: host.v1 }] : [host]
}

let count = 0

/** A place for one test's groups. When the test ends nothing of it may be left in any hierarchy. */
export const scratch = (t: Test): string => {
  const parent = `/tsbox-test-${process.pid}-${++count}`
  t.teardown(async () => {
    const left = directoriesAt(parent)
    const group = left.length > 0 ? await Cgroup.open(parent) : undefined
    await group?.kill()
    await group?.delete()
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`)
  })
  return parent
}

/** A group that is killed and deleted when the test ends, unless the test did that. */
export const groupFor = async (t: Test, options: Partial<CreateOptions> = {}): Promise<Cgroup> => {
  const group = await Cgroup.create({ path: `${scratch(t)}/group`, ...options })
  t.teardown(() => group[Symbol.asyncDispose]())
  return group
}

export interface Inside {
  readonly child: ChildProcess
  /** Exit code and signal, once it has ended and its output is closed. */
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>
}

/** Runs a shell script whose first own command already runs inside the group. */
export const runInside = async (group: Cgroup, script: string): Promise<Inside> => {
  const child = spawn('sh', ['-c', `read go; ${script}`], { stdio: ['pipe', 'ignore', 'ignore'] })
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  await group.add(child.pid!)
  child.stdin!.end('go\n')
  return { child, ended }
}

/** Waits for a condition; throws after 20 s, which no test may need. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 20_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`still not: ${condition}`)
    await sleep(5)
  }
}
