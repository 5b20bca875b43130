import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { attackRootfs } from '../helpers/attack.ts'
import { boxesOf, inParallel, withLeakedFds } from '../helpers/boxes.ts'
import { command } from '../helpers/command.ts'
import { control, engineVersion } from '../helpers/control.ts'
import { climbs, hostmark } from '../helpers/hostmark.ts'
import { NOTHING, settled } from '../helpers/residue.ts'
import { probe } from '../helpers/rootfs.ts'

// Family A: descriptors that come along, and working directories that lead out.
const boxes = boxesOf('sec-a')
const FDS = Array.from({ length: 61 }, (_, i) => i + 3)
/** Where the shim keeps its own: the pipes, and the slots from 32 on. */
const LIKELY_FDS = FDS.filter(fd => fd < 11 || (fd > 31 && fd < 42))
/** What a careless caller leaves open on the host's root. */
const LEAK = { path: '/', fds: [3, 4, 5, 9, 10, 32, 40, 63] } as const

const leaking = (options: readonly string[], program: readonly string[]) =>
  withLeakedFds([command(), ...boxes.args(options, program)], LEAK)

t.test('A4: a working directory below /proc/self/fd leads nowhere', async t => {
  const dir = t.testdir()
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  const [absolute = '', climbing = ''] = climbs(hostmark(join(dir, 'host')))
  const where = [
    ...FDS.filter(fd => fd % 2 === 1 || fd < 12 || fd === 32).map(fd => `/proc/self/fd/${fd}`),
    ...[3, 4, 32, 63].map(fd => `/proc/1/fd/${fd}`),
  ]
  const seen = await inParallel(where, cwd =>
    leaking(['--rootfs', rootfs, '-w', cwd], ['/bin/probe', 'hostmark', climbing]),
  )
  t.same(
    seen.filter(({ stdout }) => stdout.includes('visible')),
    [],
    'the mark of the host is never seen',
  )
  t.same(
    seen.filter(({ status }) => status !== 125),
    [],
    'a directory that is none of the box is an error, not another directory',
  )
  t.match(seen[0]?.stderr, /changeDir|working directory/i, 'and the error names the step')
  const from = await leaking(['--rootfs', rootfs], ['/bin/probe', 'hostmark', absolute])
  t.match(from.stdout, /hostmark: errno=2/, 'from a proper directory the mark is not there either')
})

t.test('A4: the same attack, on an engine that is open to it', async t => {
  if (engineVersion('crun') === undefined) return t.comment('crun is not installed: no control')
  t.comment(engineVersion('crun') ?? '')
  const dir = t.testdir()
  const [, climbing = ''] = climbs(hostmark(join(dir, 'host')))
  const seen = await control({
    engine: 'crun',
    dir,
    rootfs: attackRootfs(join(dir, 'rootfs')),
    args: ['/bin/probe', 'hostmark', climbing],
    cwd: '/proc/self/fd/3',
    leak: { path: '/', fds: [3] },
  })
  if (seen.stdout.includes('visible')) t.pass('the host is seen there')
  else t.comment(`this crun is not open to it: ${seen.stderr}`)
})

t.test('A5: a working directory that is a link below /proc/self/fd leads nowhere', async t => {
  const dir = t.testdir()
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  const [, climbing = ''] = climbs(hostmark(join(dir, 'host')))
  for (const fd of LIKELY_FDS) symlinkSync(`/proc/self/fd/${fd}`, join(rootfs, `lnk${fd}`))
  const seen = await inParallel(LIKELY_FDS, fd =>
    leaking(['--rootfs', rootfs, '-w', `/lnk${fd}`], ['/bin/probe', 'hostmark', climbing]),
  )
  t.same(
    seen.filter(({ stdout }) => stdout.includes('visible')),
    [],
    'the mark of the host is never seen',
  )
  t.same(
    seen.filter(({ status }) => status !== 125),
    [],
    'each is refused',
  )
})

t.test('A6: a program cannot be named through a descriptor of the set-up', async t => {
  const dir = t.testdir()
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  const programs = LIKELY_FDS.flatMap(fd => [`/proc/self/fd/${fd}`, `/proc/self/fd/${fd}${probe()}`])
  const seen = await inParallel(programs, program => leaking(['--rootfs', rootfs], [program, 'echo', 'ran']))
  t.same(
    seen.filter(({ stdout }) => stdout.includes('ran')),
    [],
    'nothing of the host runs',
  )
  t.same(
    seen.filter(({ status }) => status !== 126 && status !== 127),
    [],
    'there is no such program',
  )
})

t.test('A7: what the caller has open does not arrive', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  const fds = (text: string) => [...text.matchAll(/^(\d+) -> /gm)].map(([, fd]) => Number(fd))
  const bare = await withLeakedFds([probe(), 'fds'], LEAK)
  t.same(
    LEAK.fds.filter(fd => !fds(bare.stdout).includes(fd)),
    [],
    'without a box all of them arrive',
  )
  for (const options of [[], ['--init'], ['--privileged']]) {
    const { stdout, stderr } = await leaking(['--rootfs', rootfs, ...options], ['/bin/probe', 'fds'])
    t.same(fds(stdout), [0, 1, 2], `in a box none does ${options} ${stderr}`)
  }
})

t.test(
  'A8: with --init, process 1 keeps no descriptor of the set-up, and its directories are the box’s',
  async t => {
    const dir = t.testdir()
    const rootfs = attackRootfs(join(dir, 'rootfs'))
    const mark = hostmark(join(dir, 'host'))
    // To look into process 1 takes CAP_SYS_PTRACE; the default box is refused even that (A3).
    const options = ['--rootfs', rootfs, '--init', '--cap-add', 'SYS_PTRACE']
    const { stdout, stderr } = await leaking(options, ['/bin/probe', 'ls', '/proc/1/fd'])
    t.match(stdout, /^(0\n)?$/, `none but the one it waits with ${stderr}`)
    for (const at of ['root', 'cwd']) {
      const look = `/proc/1/${at}/${'../'.repeat(32)}${mark.slice(1)}`
      const seen = await leaking(options, ['/bin/probe', 'hostmark', look])
      t.match(seen.stdout, /hostmark: errno=2/, `/proc/1/${at} is in the box`)
    }
    const weak = await boxes.run(['--root', 'host', '-v', `${mark}:${mark}`], ['/bin/ls', mark])
    t.equal(weak.status, 0, 'a box that is given the mark sees it')
  },
)

t.test('A4–A8: nothing is left', async t => {
  mkdirSync(t.testdir(), { recursive: true })
  t.same(await settled(boxes.marker), NOTHING)
})
