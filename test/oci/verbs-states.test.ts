// Every verb in every state (runtime-spec, runtime.md, "State" and "Operations"): what is allowed works, and what is not is
// refused in words and changes nothing.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../helpers/live-box.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

/** The command line of a verb for a container. */
const VERBS: Readonly<Record<string, (id: string) => readonly string[]>> = {
  start: id => ['start', id],
  state: id => ['state', id],
  kill: id => ['kill', id, 'CONT'],
  'kill --all': id => ['kill', '--all', id, 'CONT'],
  exec: id => ['exec', id, '/bin/true'],
  ps: id => ['ps', '--format', 'json', id],
  events: id => ['events', '--stats', id],
  update: id => ['update', '--pids-limit', '90', id],
  pause: id => ['pause', id],
  resume: id => ['resume', id],
  delete: id => ['delete', id],
}

/** What each state refuses; what is not named works there. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  none: Object.keys(VERBS),
  creating: Object.keys(VERBS).filter(verb => verb !== 'state'),
  created: ['resume', 'delete'],
  running: ['start', 'resume', 'delete'],
  paused: ['start', 'exec', 'pause', 'delete'],
  stopped: ['start', 'kill', 'exec', 'ps', 'events', 'update', 'pause', 'resume'],
}

/** How the container is left by a verb that worked. */
const AFTER: Readonly<Record<string, string>> = { start: 'running', pause: 'paused', resume: 'running' }

const statusOf = async ({ tsbox }: Oci, id: string): Promise<string> => {
  const { status, stdout, stderr } = await tsbox(['state', id])
  if (status === 0) return JSON.parse(stdout).status
  if (/does not exist/.test(stderr)) return 'none'
  throw new Error(stderr)
}

/** Everything that is refused in this state, one after the other: each names the state the one before left. */
const refuseAll = async (oci: Oci, state: string, id: string): Promise<void> => {
  for (const verb of REFUSED[state] ?? []) {
    const said = await oci.fails(VERBS[verb]!(id))
    const words = state === 'none' ? /does not exist/ : new RegExp(`is ${state}`)
    oci.t.match(said, words, `${verb} of one that is ${state}`)
  }
  oci.t.equal(await statusOf(oci, id), state, `it is ${state} still`)
}

/** Each verb that is allowed in this state, on a container that was brought there. */
const allowAll = async (oci: Oci, state: string, bring: () => Promise<string>): Promise<void> => {
  const allowed = Object.keys(VERBS).filter(verb => !REFUSED[state]!.includes(verb))
  const changing = allowed.filter(verb => verb in AFTER || verb === 'delete')
  const looking = await bring()
  const leaving = allowed.filter(each => !changing.includes(each))
  for (const verb of leaving) await oci.ok(VERBS[verb]!(looking))
  oci.t.equal(await statusOf(oci, looking), state, `${leaving.join(', ')} leave it ${state}`)
  for (const [i, verb] of changing.entries()) {
    const id = i === 0 ? looking : await bring()
    await oci.ok(VERBS[verb]!(id))
    const after = verb === 'delete' ? 'none' : AFTER[verb]
    oci.t.equal(await statusOf(oci, id), after, `${verb}: ${state} becomes ${after}`)
    await oci.ok(['delete', '--force', id])
  }
}

await test('no verb finds a container that is not there', {}, oci => refuseAll(oci, 'none', oci.id()))

await test('while it is being created there is nothing to do with it', {}, async oci => {
  const { t, dir, id, bundle, tsbox, root } = oci
  const go = join(dir, 'go')
  const name = id()
  const hook = { path: '/bin/sh', args: ['sh', '-c', `while [ ! -e ${go} ]; do sleep 0.05; done`] }
  const { dir: made } = bundle(name, { hooks: { createRuntime: [hook] } })
  const creating = tsbox(['create', '--bundle', made, name])
  await eventually(() => existsSync(join(root, name, 'delete.plan')))
  await sleep(200)
  try {
    await refuseAll(oci, 'creating', name)
  } finally {
    writeFileSync(go, '')
    await creating
  }
  t.match(await creating, { status: 0, stderr: '' })
  t.equal(await statusOf(oci, name), 'created')
})

await test('a created container', {}, async oci => {
  const { id } = await oci.create()
  await refuseAll(oci, 'created', id)
  await allowAll(oci, 'created', async () => (await oci.create()).id)
})

await test('a running container', {}, async oci => {
  const { id } = await oci.start()
  await refuseAll(oci, 'running', id)
  await allowAll(oci, 'running', async () => (await oci.start()).id)
})

const paused = async ({ start, ok }: Oci): Promise<string> => {
  const { id } = await start()
  await ok(['pause', id])
  return id
}

await test('a paused container', {}, async oci => {
  await refuseAll(oci, 'paused', await paused(oci))
  await allowAll(oci, 'paused', () => paused(oci))
})

await test('one that was created and then paused cannot be started before it is resumed', {}, async oci => {
  const { t, ok, fails, create } = oci
  const { id } = await create()
  await ok(['pause', id])
  t.match(await fails(['start', id], { patience: 10_000 }), /is paused/)
  t.equal(await statusOf(oci, id), 'paused', 'it is paused still')
  await ok(['resume', id])
  t.equal(await statusOf(oci, id), 'created')
  await ok(['start', id])
  t.equal(await statusOf(oci, id), 'running')
})

const stopped = async ({ start }: Oci): Promise<string> => {
  const { id, kill } = await start()
  await kill()
  return id
}

await test('a stopped container', {}, async oci => {
  await refuseAll(oci, 'stopped', await stopped(oci))
  await allowAll(oci, 'stopped', () => stopped(oci))
})

await test('delete --force removes a container in whatever state it is', {}, async oci => {
  const { t, ok, create, start, id } = oci
  const ids = [id(), (await create()).id, (await start()).id, await paused(oci), await stopped(oci)]
  for (const each of ids) {
    await ok(['delete', '--force', each])
    t.equal(await statusOf(oci, each), 'none')
  }
})

await test('delete --force by several at once works for each', {}, async oci => {
  for (let round = 0; round < 5; round++) {
    const { id } = await oci.start()
    await Promise.all(Array.from({ length: 5 }, () => oci.ok(['delete', '--force', id])))
    oci.t.equal(await statusOf(oci, id), 'none')
  }
})
