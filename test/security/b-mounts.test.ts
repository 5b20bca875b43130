import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { attackRootfs } from '../helpers/attack.ts'
import { boxesOf, inPrivateMounts } from '../helpers/boxes.ts'
import { command, outcomeOf } from '../helpers/command.ts'
import { hostmark } from '../helpers/hostmark.ts'
import { NOTHING, settled } from '../helpers/residue.ts'

// Family B: what a box's own mounts show, hide and leave.
const boxes = boxesOf('sec-mnt')
const inBox = (name: string, options: string, program: string) =>
  `"$TSBOX" run --name ${boxes.marker}-${name} --rootfs "$ROOTFS" ${options} -- ${program}`

t.test('B20: a read-only volume is read-only in what is mounted below it, too', async t => {
  const dir = t.testdir({ volume: { sub: {} } })
  const env = { ROOTFS: attackRootfs(join(dir, 'rootfs')), VOLUME: join(dir, 'volume') }
  const { stdout, stderr } = await inPrivateMounts(
    `mount -t tmpfs none "$VOLUME/sub"
     for mode in ro rw; do for at in /v /v/sub; do
       echo "$mode $at"; ${inBox('ro-$mode', '-v "$VOLUME:/v:$mode"', '/bin/probe write $at/new text')}
     done; done`,
    env,
  )
  t.equal(stderr, '')
  const [ro, roSub, rw, rwSub] = [...stdout.matchAll(/write: (.*)/g)].map(([, answer]) => answer)
  t.same([ro, roSub], ['errno=30', 'errno=30'], 'with ro, both refuse')
  t.same([rw, rwSub], ['ok', 'ok'], 'without, both are written')
})

t.test('B21: a box that mounts and unmounts all it can changes nothing outside', async t => {
  const env = { ROOTFS: attackRootfs(join(t.testdir(), 'rootfs')) }
  const { stdout, stderr } = await inPrivateMounts(
    `mount --make-rshared /
     cat /proc/self/mountinfo >"$ROOTFS/before"
     ${inBox('wreck', '--privileged -v /:/host', '/bin/attack wreck-mounts')}
     cat /proc/self/mountinfo >"$ROOTFS/after"
     cmp "$ROOTFS/before" "$ROOTFS/after" && echo same
     # Without a namespace of its own the same program is heard of outside.
     mount -t tmpfs none /mnt; unshare -m --propagation shared umount /mnt
     grep -q ' /mnt ' /proc/self/mountinfo || echo heard`,
    env,
  )
  t.match(stdout, /^mount: ok$/m, `it could mount ${stderr}`)
  t.ok(Number(/unmounted (\d+)/.exec(stdout)?.[1]) > 3, 'and unmount')
  t.match(stdout, /^same$/m, 'and the mounts of its host, which are shared, are what they were')
  t.match(stdout, /^heard$/m, 'such mounts do tell of a change in a namespace that shares them')
})

t.test('B22: nothing of the old root can be reached', async t => {
  const dir = t.testdir()
  const rootfs = attackRootfs(join(dir, 'rootfs'))
  const mark = hostmark(join(dir, 'outside'))
  for (const options of [[], ['--privileged'], ['--init', '--cap-add', 'SYS_PTRACE']]) {
    const run = (...program: string[]) =>
      boxes.run(['--rootfs', rootfs, ...options], ['/bin/probe', ...program])
    const { stdout } = await run('doublechroot', mark)
    t.match(stdout, /hostmark: errno=2/, `chroot twice stays inside ${options}`)
    if (options[0] === '--privileged') t.match(stdout, /chroot-again: ok/, 'though it is let')
    const up = `${'../'.repeat(20)}${mark.slice(1)}`
    t.match((await run('hostmark', `/proc/1/cwd/${up}`)).stdout, /errno=/, 'so does /proc/1/cwd')
    t.match((await run('hostmark', `/proc/1/root/${up}`)).stdout, /errno=/, 'and /proc/1/root')
    const { stdout: mounts } = await run('mountinfo')
    t.match(mounts.split('\n')[0], / \/ /, 'the first mount is the root')
    t.notMatch(mounts, / \/sys\/fs\/cgroup\/?\S* .* shared:/, 'and none is shared')
    t.equal(mounts.match(/^\d+ \d+ \S+ \S+ \/ /gm)?.length, 1, 'there is no second mount at /')
  }
  const jail = await outcomeOf('chroot', [rootfs, '/bin/probe', 'doublechroot', mark])
  t.match(jail.stdout, /hostmark: visible/, 'out of a mere chroot the same program escapes')
})

t.test('B23: a link to / as a mount target does not replace the root', async t => {
  const dir = t.testdir({ volume: {} })
  const { stdout, stderr } = await inPrivateMounts(
    `ln -s / "$ROOTFS/top"; ln -s .. "$ROOTFS/up"
     for at in top up; do ${inBox('top-$at', '-v "$VOLUME:/$at"', '/bin/probe ls /')} || true; done`,
    { ROOTFS: attackRootfs(join(dir, 'rootfs')), VOLUME: join(dir, 'volume') },
  )
  t.equal(stdout.match(/^bin$/gm)?.length ?? 0, 2, `the root is the one that was asked for ${stderr}`)
})

t.test('B24: a tmpfs has the mode that was asked for, whatever the directory below it has', async t => {
  const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
  for (const [name, mode] of [
    ['a', 0o7777],
    ['b', 0o710],
  ] as const)
    mkdirSync(join(rootfs, name), { mode })
  await outcomeOf('chmod', ['7777', join(rootfs, 'a')])
  for (const at of ['a', 'b', 'missing']) {
    const show = async (mode: string) =>
      (await boxes.run(['--rootfs', rootfs, '--tmpfs', `/${at}${mode}`], ['/bin/probe', 'stat', `/${at}`]))
        .stdout
    t.match(await show(''), /mode=1777 uid=0 gid=0/, `/${at} by default`)
    t.match(await show(':mode=0711'), /mode=0711 /, `/${at} with mode=0711`)
  }
  const { stdout } = await boxes.run(['--rootfs', rootfs, '--tmpfs', '/a'], ['/bin/probe', 'mountinfo'])
  t.match(stdout, / \/a \S*nosuid,nodev/)
})

const CALLS = [
  'openat2',
  'fsopen',
  'fsmount',
  'open_tree',
  'move_mount',
  'mount_setattr',
  'close_range',
  'memfd_create',
  'clone3',
  'pivot_root',
]

t.test(
  'B26: a kernel that lacks a call is refused, with words, and nothing starts half protected',
  async t => {
    const rootfs = attackRootfs(join(t.testdir(), 'rootfs'))
    const strace = await outcomeOf('strace', ['-V']).catch(() => undefined)
    if (strace === undefined) return t.comment('strace is not installed: not looked at')
    const under = (call: string, program: readonly string[]) =>
      outcomeOf('strace', [
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-e',
        `trace=${call}`,
        '-e',
        `inject=${call}:error=ENOSYS`,
        command(),
        ...boxes.args(['--rootfs', rootfs], program),
      ])
    const usual = await under('getpriority', ['/bin/probe', 'echo', 'ran'])
    t.equal(usual.stdout, 'ran\n', `under strace a box runs as ever ${usual.stderr}`)
    for (const call of CALLS) {
      const { stdout, stderr, status } = await under(call, ['/bin/probe', 'echo', 'ran'])
      t.equal(stdout, '', `without ${call} nothing runs`)
      t.equal(status, 125)
      // Without memory files there is no way back to the program that has the words.
      if (call !== 'memfd_create') t.match(stderr, /ERR_TSBOX_/, `and it says so: ${stderr.split('\n')[0]}`)
    }
  },
)

t.test('B20–B26: nothing is left', async t => {
  t.same(await settled(boxes.marker), NOTHING)
})
