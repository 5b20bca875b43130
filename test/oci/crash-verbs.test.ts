// kill -9 of the verbs that work on a container: it is in a state of the specification, and `delete --force` leaves nothing.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { inParallel } from '../helpers/boxes.ts'
import type { Container } from './helpers/container.ts'
import { killedAt, pointsUpTo } from './helpers/crash.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'
import { groupsOf } from './helpers/residue.ts'

const test = ociTests(import.meta.filename)

interface Case {
  readonly verb: string
  readonly args: (id: string) => readonly string[]
  readonly from: 'created' | 'running' | 'stopped'
  /** The states it may be in when the verb was killed. */
  readonly states: readonly string[]
  /** System calls in which it is killed, and how many of them there are. */
  readonly calls: string
  readonly most: number
}

const SHIM =
  'openat,open,openat2,read,write,sendto,recvfrom,connect,flock,unlink,unlinkat,rmdir,getdents64,pidfd_open,pidfd_send_signal,clone3,setns,poll,dup3,kill,wait4,exit_group'

const CASES: readonly Case[] = [
  {
    verb: 'start',
    args: id => ['start', id],
    from: 'created',
    states: ['created', 'running', 'stopped'],
    calls: SHIM,
    most: 30,
  },
  {
    verb: 'delete',
    args: id => ['delete', id],
    from: 'stopped',
    states: ['stopped', 'none', 'damaged'],
    calls: SHIM,
    most: 120,
  },
  {
    verb: 'exec',
    args: id => ['exec', id, 'true'],
    from: 'running',
    states: ['running'],
    calls: 'clone3,setns,sendto,pidfd_open,setresuid,capset,setsid,execveat',
    most: 12,
  },
  {
    verb: 'kill',
    args: id => ['kill', id, 'KILL'],
    from: 'running',
    states: ['running', 'stopped'],
    calls: 'pidfd_open,pidfd_send_signal,exit_group',
    most: 4,
  },
  {
    verb: 'kill --all',
    args: id => ['kill', '--all', id, 'KILL'],
    from: 'running',
    states: ['running', 'paused', 'stopped'],
    calls: 'kill,pwrite64,exit_group',
    most: 6,
  },
  {
    verb: 'pause',
    args: id => ['pause', id],
    from: 'running',
    states: ['running', 'paused'],
    calls: 'pwrite64,exit_group',
    most: 4,
  },
]

const stateOf = async ({ tsbox }: Oci, id: string): Promise<string> => {
  const { status, stdout, stderr } = await tsbox(['state', id])
  if (status === 0) return JSON.parse(stdout).status
  if (/does not exist/.test(stderr)) return 'none'
  return /cannot be read/.test(stderr) ? 'damaged' : stderr
}

const brought = async ({ create }: Oci, from: Case['from']): Promise<Container> => {
  const container = await create()
  if (from === 'created') return container
  await container.start()
  if (from === 'stopped') await container.kill()
  return container
}

for (const { verb, args, from, states, calls, most } of CASES) {
  await test(`${verb} is killed at any of its steps`, {}, async oci => {
    const wrong = await inParallel(pointsUpTo(most, Math.ceil(most / 8)), async call => {
      const { id } = await brought(oci, from)
      await oci.tsbox(args(id), { before: killedAt(call, calls), patience: 10_000 })
      const state = await stateOf(oci, id)
      const { status, stderr } = await oci.tsbox(['delete', '--force', id])
      const gone = !existsSync(join(oci.root, id)) && groupsOf(oci.marker).every(path => !path.endsWith(id))
      return status === 0 && gone && states.includes(state) ? [] : [{ call, state, status, stderr, gone }]
    })
    oci.t.same(wrong.flat(), [])
  })
}
