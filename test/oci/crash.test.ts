// kill -9 at every moment of `create`: afterwards `delete --force` leaves nothing.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inParallel } from '../helpers/boxes.ts'
import { CREATING, createPlan, ended, killedAt, killFamily, pointsUpTo, runPlan } from './helpers/crash.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'
import { groupsOf, processesOf } from './helpers/residue.ts'

const test = ociTests(import.meta.filename)

/** What a killed `create` left when `delete --force` has been there. */
const leftAfterDelete = async ({ root, tsbox, marker }: Oci, id: string): Promise<readonly string[]> => {
  const { status, stderr } = await tsbox(['delete', '--force', id])
  const own = `${marker}/${id}`
  const left = [
    ...(existsSync(join(root, id)) ? [join(root, id)] : []),
    ...groupsOf(marker).filter(path => path.endsWith(own)),
    ...processesOf(own),
  ]
  return status === 0 ? left : [`delete ended with ${status}: ${stderr}`, ...left]
}

/** Runs `create` with a plan of its own and lets somebody kill it; what is left. */
const crash = async (
  oci: Oci,
  kill: (plan: Uint8Array, id: string) => Promise<void>,
): Promise<readonly string[]> => {
  const id = oci.id()
  const { dir } = oci.bundle(id, {
    linux: { sysctl: { 'net.ipv4.ip_forward': '1' }, maskedPaths: ['/proc/keys'] },
  })
  await kill(createPlan(oci.root, id, dir), id)
  return leftAfterDelete(oci, id)
}

/** Until the program has ended, or what it made waits to be started. */
const settled = async (oci: Oci, id: string, child: ReturnType<typeof runPlan>): Promise<void> => {
  for (let tries = 0; tries < 100; tries++) {
    if (await ended(child, 50)) return
    if (existsSync(join(oci.root, id, 'process'))) return void (await sleep(100))
  }
}

for (const [who, calls, most] of [
  ['the supervisor', CREATING.supervisor, 190],
  ['init', CREATING.init, 110],
] as const) {
  await test(`${who} of create is killed at each of its system calls`, {}, async oci => {
    const wrong = await inParallel(pointsUpTo(most, 8), async call => {
      const left = await crash(oci, async (plan, id) => {
        const child = runPlan(plan, killedAt(call, calls))
        await settled(oci, id, child)
      })
      return left.length === 0 ? [] : [{ call, left }]
    })
    oci.t.same(wrong.flat(), [])
  })
}

for (const [who, words] of [
  ['supervisor', 'the supervisor is'],
  ['keepers', 'supervisor and janitor are'],
  ['all', 'supervisor, janitor and init are'],
] as const) {
  await test(`${words} killed a millisecond later each time`, {}, async oci => {
    const wrong = await inParallel(pointsUpTo(45, 4), async ms => {
      const left = await crash(oci, async plan => {
        const child = runPlan(plan)
        await sleep(ms)
        killFamily(child.pid ?? 0, who)
        await ended(child)
      })
      return left.length === 0 ? [] : [{ ms, left }]
    })
    oci.t.same(wrong.flat(), [])
  })
}

await test('after a crash the id can be had again, once what is left is deleted', {}, async oci => {
  const { t, id, bundle, root, ok, tsbox } = oci
  const name = id()
  const { dir } = bundle(name)
  const child = runPlan(createPlan(root, name, dir))
  while (!existsSync(join(root, name))) await sleep(1)
  killFamily(child.pid ?? 0, 'all')
  await ended(child)
  const { status, stdout } = await tsbox(['state', name])
  if (status === 0) t.match(JSON.parse(stdout).status, /^(creating|created|stopped)$/)
  await ok(['delete', '--force', name])
  await ok(['create', '--bundle', dir, name])
  t.match(JSON.parse(await ok(['state', name])), { status: 'created' })
})
