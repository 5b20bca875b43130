// Where a container's group lies, and whose groups are left alone.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../helpers/live-box.ts'
import { ociTests } from './helpers/oci-test.ts'
import { groupsOf, hierarchies } from './helpers/residue.ts'

const test = ociTests(import.meta.filename)

/** The groups of a process; some tests make a hierarchy for themselves. */
const groupsIn = (pid: number): readonly string[] =>
  readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .trim()
    .split('\n')
    .filter(line => !/:net_(cls|prio)/.test(line))
    .map(line => line.split(':').slice(2).join(':'))

await test('an absolute path is below the top of every hierarchy, a relative one below ours', {
  shows: ['linux.cgroupsPath'],
}, async ({ t, marker, create }) => {
  for (const [cgroupsPath, place] of [
    [`/${marker}/some/where`, () => `/${marker}/some/where`],
    [`${marker}-relative`, () => `/tsbox-oci/${marker}-relative`],
    [undefined, (id: string) => `/tsbox-oci/${id}`],
    ['', (id: string) => `/tsbox-oci/${id}`],
  ] as const) {
    const { id, pid } = await create({ linux: { cgroupsPath } })
    const groups = groupsIn(await pid())
    t.equal(groups.length, hierarchies().length)
    t.same([...new Set(groups)], [place(id)], `${cgroupsPath}`)
  }
})

await test('a path that leads elsewhere is refused', { shows: ['linux.cgroupsPath'] }, async ({
  t,
  refusal,
}) => {
  for (const cgroupsPath of ['/a/../../b', '..', '/', 'a/\u0000b', '/a/..'])
    t.match(
      await refusal({ linux: { cgroupsPath } }),
      /linux\.cgroupsPath|ERR_TSBOX_SPEC/,
      JSON.stringify(cgroupsPath),
    )
})

await test('groups that exist and are empty are taken, with the parents they have', {
  shows: ['linux.cgroupsPath'],
}, async ({ t, marker, create, ok }) => {
  for (const mount of hierarchies()) mkdirSync(`${mount}/${marker}/made/before`, { recursive: true })
  const { id, pid } = await create({ linux: { cgroupsPath: `/${marker}/made/before` } })
  t.same([...new Set(groupsIn(await pid()))], [`/${marker}/made/before`])
  await ok(['delete', '--force', id])
  for (const mount of hierarchies()) {
    t.notOk(existsSync(`${mount}/${marker}/made/before`), mount)
    t.ok(existsSync(`${mount}/${marker}/made`), 'the parent was not ours to remove')
    rmdirSync(`${mount}/${marker}/made`)
    rmdirSync(`${mount}/${marker}`)
  }
})

await test('a group with processes is refused, and they live', { shows: ['linux.cgroupsPath'] }, async ({
  t,
  marker,
  refusal,
  dir,
}) => {
  const [mount = ''] = hierarchies()
    .filter(each => existsSync(join(each, 'tasks')) && /pids|freezer|systemd/.test(each))
    .concat(hierarchies())
  mkdirSync(`${mount}/${marker}/used`, { recursive: true })
  const child = spawn('sleep', ['100'], { stdio: 'ignore', cwd: dir })
  try {
    writeFileSync(`${mount}/${marker}/used/cgroup.procs`, `${child.pid}`)
    const before = groupsOf(marker)
    t.match(
      await refusal({ linux: { cgroupsPath: `/${marker}/used` } }),
      /linux\.cgroupsPath: .*ERR_TSBOX_CGROUP/,
    )
    t.equal(child.exitCode, null)
    t.same(groupsOf(marker), before, 'nothing else was made')
  } finally {
    child.kill('SIGKILL')
    await eventually(() => child.signalCode ?? undefined)
    await eventually(() => readFileSync(`${mount}/${marker}/used/cgroup.procs`, 'utf8') === '' || undefined)
    rmdirSync(`${mount}/${marker}/used`)
    rmdirSync(`${mount}/${marker}`)
  }
})

await test('two containers below one parent: the last one takes it along', {
  shows: ['linux.cgroupsPath'],
}, async ({ t, marker, create, ok }) => {
  const one = await create({ linux: { cgroupsPath: `/${marker}/both/one` } })
  const two = await create({ linux: { cgroupsPath: `/${marker}/both/two` } })
  await ok(['delete', '--force', one.id])
  t.equal(groupsOf(`${marker}/both/two`).length, hierarchies().length)
  await ok(['delete', '--force', two.id])
  t.same(groupsOf(marker), [])
})
