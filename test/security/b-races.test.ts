import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { attackRootfs, procDecoys, raceStarts, ready, swap } from '../helpers/attack.ts'
import { boxesOf, collect } from '../helpers/boxes.ts'
import { canary, canaryState } from '../helpers/canary.ts'
import { command } from '../helpers/command.ts'
import { hostmark } from '../helpers/hostmark.ts'
import { NOTHING, settled } from '../helpers/residue.ts'

// Family B: names that change while a box starts. TSBOX_RACES=2000 runs each as long as the reference asks for.
const boxes = boxesOf('sec-race')
const hostMounts = () => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').sort()

interface Arena {
  readonly dir: string
  readonly rootfs: string
  readonly bird: string
  readonly before: readonly string[]
}

const arena = (t: Test): Arena => {
  const dir = t.testdir()
  const bird = canary(join(dir, 'outside', 'canary'))
  return { dir, rootfs: attackRootfs(join(dir, 'rootfs')), bird, before: canaryState(bird) }
}

t.test('B1: a mount target that becomes a link to / never leads out', async t => {
  const { dir, rootfs, bird, before } = arena(t)
  const shared = join(dir, 'shared')
  mkdirSync(join(shared, 'd'), { recursive: true })
  symlinkSync('/', join(shared, 'link'))
  const mark = hostmark(join(dir, 'outside'))
  const mounts = hostMounts()
  const stop = await swap(join(shared, 'd'), join(shared, 'link'))
  const ends = new Map<number | null, number>()
  const seen: string[] = []
  const starts = await raceStarts(async i => {
    const options = ['--rootfs', rootfs, '-v', `${shared}:/v`, '--tmpfs', `/v/d/x${i % 3}`]
    const program = ['/bin/probe', 'hostmark', `/v/d${mark}`]
    const { stdout, status } = await boxes.run(options, program)
    ends.set(status, (ends.get(status) ?? 0) + 1)
    if (stdout.includes('visible')) seen.push(stdout)
  })
  await stop()
  t.comment(
    `${starts} starts, by exit status: ${[...ends].map(([status, n]) => `${status}: ${n}`).join(', ')}`,
  )
  t.ok((ends.get(0) ?? 0) > 0, 'some start')
  t.same(seen, [], 'no box sees the host')
  t.same(hostMounts(), mounts, 'the mounts of the host are what they were')
  t.same(canaryState(bird), before, 'the canary is clean')
})

t.test('B6: a missing mount target below a name that moves is made inside, or not at all', async t => {
  const { dir, rootfs, bird, before } = arena(t)
  mkdirSync(join(rootfs, 'a'))
  symlinkSync(bird, join(rootfs, 'evil'))
  mkdirSync(join(dir, 'volume'))
  writeFileSync(join(dir, 'one'), '')
  const stop = await swap(join(rootfs, 'a'), join(rootfs, 'evil'))
  const starts = await raceStarts(async i => {
    const [source, what] = i % 2 ? ['one', 'file'] : ['volume', 'dir/below']
    await boxes.run(['--rootfs', rootfs, '-v', `${join(dir, source)}:/a/${what}${i}`], ['/bin/probe', 'true'])
  })
  t.comment(`${starts} starts`)
  t.same(canaryState(bird), before, 'the canary is clean')

  // What checks a path first and uses it afterwards, as Node's own mkdir does, is led out at once.
  let led = false
  for (let i = 0; i < 5000 && !led; i++) {
    try {
      mkdirSync(join(rootfs, 'a', `naive${i}`), { recursive: true })
    } catch {
      // the name was moving
    }
    led = canaryState(bird).length !== before.length
  }
  t.ok(led, 'the same attack reaches the canary through mkdir -p')
  await stop()
})

/** What lies over the box's procfs, by name, as the host sees it in process 1 of the box. */
const overProc = (mountinfo: string) => {
  const lines = mountinfo.split('\n').map(line => line.split(' '))
  const proc = lines.filter(fields => fields[3] === '/' && fields[fields.indexOf('-') + 1] === 'proc')
  return lines
    .filter(([, parent]) => proc.some(([id]) => id === parent))
    .map(
      fields =>
        `${fields[4]?.replace(/.*\//, '')} ${fields[5]?.split(',')[0]} ${fields[fields.indexOf('-') + 1]}`,
    )
    .sort()
}

const startedBox = async (options: readonly string[]) => {
  const child = spawn(command(), boxes.args(options, ['/bin/probe', 'signal']))
  const done = collect(child)
  try {
    await ready(child)
  } catch {
    return { status: (await done).status, mountinfo: undefined }
  }
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
  const first = children.find(pid => readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === 'probe')
  const mountinfo = readFileSync(`/proc/${first}/mountinfo`, 'utf8')
  child.kill('SIGTERM')
  return { status: (await done).status, mountinfo }
}

t.test(
  'B11, B14: a /proc that moves while it is being masked is masked whole, or nothing starts',
  async t => {
    const { rootfs, bird, before } = arena(t)
    const usual = await startedBox(['--rootfs', rootfs])
    const masks = overProc(usual.mountinfo ?? '')
    t.ok(masks.length > 6, `a box that starts in peace has ${masks.length} masks`)
    t.ok(masks.some(mask => /^sys ro proc/.test(mask)))
    const open = await startedBox(['--rootfs', rootfs, '--privileged'])
    t.same(overProc(open.mountinfo ?? ''), [], 'a privileged one has none')

    for (const [name, decoy] of procDecoys(rootfs)) {
      decoy()
      const stop = await swap(join(rootfs, 'proc'), join(rootfs, 'decoy'))
      let bare = 0
      let started = 0
      const starts = await raceStarts(async () => {
        const { mountinfo } = await startedBox(['--rootfs', rootfs])
        if (mountinfo === undefined) return
        started++
        if (JSON.stringify(overProc(mountinfo)) !== JSON.stringify(masks)) bare++
      })
      await stop()
      t.comment(`${starts} starts against ${name}, ${started} of them with success`)
      t.ok(started > 0, 'some start')
      t.equal(bare, 0, `${name} in the place of /proc leaves nothing unmasked`)
    }
    t.same(canaryState(bird), before, 'the canary is clean')
  },
)

t.test(
  'B11: a /dev that moves while it is put together is the box’s own, and masks are the null device',
  async t => {
    const { rootfs, bird, before } = arena(t)
    mkdirSync(join(rootfs, 'dev'))
    writeFileSync(join(rootfs, 'dev', 'null'), 'not the device')
    symlinkSync(bird, join(rootfs, 'decoy'))
    const stop = await swap(join(rootfs, 'dev'), join(rootfs, 'decoy'))
    const wrong: string[] = []
    let started = 0
    const starts = await raceStarts(async () => {
      const { stdout, status } = await boxes.run(
        ['--rootfs', rootfs],
        ['/bin/probe', 'stat', '/proc/keys', '/proc/kcore'],
      )
      if (status === 0) started++
      for (const line of stdout.split('\n'))
        if (line !== '' && !/type=c .*rdev=1:3 |errno=2/.test(line)) wrong.push(line)
    })
    await stop()
    t.comment(`${starts} starts, ${started} of them with success`)
    t.ok(started > 0, 'some start')
    t.same(wrong, [], 'every mask is the null device')
    t.same(canaryState(bird), before, 'the canary is clean')
  },
)

t.test('B races: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
