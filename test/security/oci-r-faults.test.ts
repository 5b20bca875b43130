// Reliability rows against the OCI runtime: the kernel says no, the disk is full, a container will not end.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from '../../packages/protocol/src/index.ts'
import { prepareCreate } from '../../packages/runtime/src/index.ts'
import { inPrivateMounts } from '../helpers/boxes.ts'
import { command, outcomeOf } from '../helpers/command.ts'
import { eventually, isAlive } from '../helpers/live-box.ts'
import { MOUNTS } from '../oci/helpers/config.ts'
import { ended, runPlan } from '../oci/helpers/crash.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { groupsOf } from '../oci/helpers/residue.ts'
import { sceneOf, statusField } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

/** Calls of a set-up, and what the kernel could say to each. */
const FAULTS: readonly (readonly [call: string, ...errors: readonly string[]])[] = [
  ['clone3', 'EAGAIN', 'ENOMEM'],
  ['mkdir', 'ENOSPC', 'EIO'],
  ['mkdirat', 'ENOSPC'],
  ['openat2', 'EIO', 'EMFILE'],
  ['write', 'EIO', 'ENOSPC'],
  ['rename', 'EIO', 'ENOSPC'],
  ['fsopen', 'ENOMEM'],
  ['fsmount', 'ENOMEM'],
  ['open_tree', 'ENOMEM'],
  ['move_mount', 'EIO'],
  ['mount_setattr', 'EINVAL'],
  ['pivot_root', 'EINVAL'],
  ['umount2', 'EBUSY'],
  ['setresuid', 'EAGAIN'],
  ['setgroups', 'EPERM'],
  ['capset', 'EPERM'],
  ['seccomp', 'EINVAL', 'EACCES'],
  ['keyctl', 'EDQUOT'],
  ['unshare', 'ENOSPC'],
  ['sethostname', 'EPERM'],
  ['close_range', 'EINVAL'],
]

const LOOK = ['/bin/sh', '-c', 'cat /proc/self/status >/out']
const seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['acct'], action: 'SCMP_ACT_ERRNO' }] }

/** The plan of a whole container, whose shim says with 1 that it failed: Node, which has faults of its own, takes no part. */
const planOf = (root: string, id: string, bundle: string): Uint8Array => {
  const handback = { argv: ['/bin/false'], env: [] }
  const how = {
    mode: 'foreground',
    systemd: false,
    newKeyring: true,
    noPivot: false,
    preserveFds: 0,
  } as const
  return encode(prepareCreate({ ...how, root, id, bundle, handback, laterHandback: handback }).plan)
}

/** Whether a program found itself held by all that was asked for. */
const isWhole = (status: string): boolean =>
  statusField(status, 'Seccomp') === '2' &&
  statusField(status, 'NoNewPrivs') === '1' &&
  /^0+$/.test(statusField(status, 'CapEff') ?? '') &&
  statusField(status, 'Uid') === '1000\t1000\t1000\t1000'

await test('R4: a call that fails ends the set-up, or changes nothing of the result; nothing is left', {}, async oci => {
  const { t, root, marker } = oci
  if ((await outcomeOf('strace', ['-V']).catch(() => undefined)) === undefined)
    return t.comment('strace is not installed: not looked at')
  const { bundle, rootfs } = sceneOf(oci)
  chmodSync(rootfs, 0o777)
  const over = {
    hostname: 'box',
    process: { args: LOOK, user: { uid: 1000, gid: 1000 } },
    linux: { seccomp, maskedPaths: ['/proc/keys'], readonlyPaths: ['/proc/sys'] },
  }
  const out = join(rootfs, 'out')
  const cases = FAULTS.flatMap(([call, ...errors]) =>
    errors.flatMap(error => [1, 2, 4].map(when => ({ call, error, when }))),
  )
  const wrong: object[] = []
  let failed = 0
  for (const { call, error, when } of cases) {
    const { id, dir } = bundle(over)
    const fault = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=${when}`]
    const child = runPlan(planOf(root, id, dir), ['strace', '-f', '-qq', '-o', '/dev/null', ...fault])
    const isOver = await ended(child)
    const found = existsSync(out) ? readFileSync(out, 'latin1') : undefined
    rmSync(out, { force: true })
    if (child.exitCode !== 0) failed++
    // The program may have run, or be killed before it said anything, when something fails that is done once it has
    // started (the file with its number); it never runs with less than all.
    const isRight = isOver && (found ? isWhole(found) : child.exitCode !== 0)
    const isGone = () =>
      (!existsSync(join(root, id)) && groupsOf(marker).every(path => !path.endsWith(id))) || undefined
    const left = (await eventually(isGone, 5000)) === undefined
    if (!isRight || left) wrong.push({ call, error, when, status: child.exitCode, found, left })
  }
  t.same(wrong, [])
  t.ok(failed > cases.length / 3, `the faults are met: ${failed} of ${cases.length}`)
})

await test('R5: on a full state root create is an error that leaves nothing, and works once there is room', {}, async oci => {
  const { t, dir, tsbox } = oci
  const { bundle } = sceneOf(oci)
  const root = join(dir, 'small')
  const free = (text: string) => execFileSync('sh', ['-c', text, 'sh', root])
  for (const size of ['size=4k', 'size=32k', 'nr_inodes=3', 'nr_inodes=6']) {
    const { id, dir: made } = bundle()
    const how = ['--bundle', made, id]
    // A file system of its own, which every process of this test sees.
    mkdirSync(root, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `${size},mode=700`, 'none', root])
    try {
      if (size.startsWith('size')) free('dd if=/dev/zero of="$1/fill" bs=1k 2>&- || true')
      const { status, stdout, stderr } = await tsbox(['--root', root, 'create', ...how])
      t.same([status, stdout], [1, ''], size)
      t.match(stderr, /no space left|ERR_TSBOX/i)
      t.same(
        readdirSync(root).filter(name => name !== 'fill'),
        [],
        'nothing is left there',
      )
      t.same(
        groupsOf(oci.marker).filter(path => path.endsWith(id)),
        [],
        'nor a group',
      )
      free('rm -f "$1/fill"; mount -o remount,size=4m,nr_inodes=100 "$1"')
      t.match(await tsbox(['--root', root, 'create', ...how]), { status: 0 }, 'with room it works')
      t.match(await tsbox(['--root', root, 'delete', '--force', id]), { status: 0 })
    } finally {
      execFileSync('umount', [root])
    }
  }
})

await test('R8: with few descriptors, no /tmp and a read-only root the runtime works, or says what it lacks', {}, async oci => {
  const { t, dir, root } = oci
  const { bundle } = sceneOf(oci)
  const { id, dir: made } = bundle({ process: { args: ['/bin/probe', 'echo', 'ran'] } })
  const few = await outcomeOf('sh', [
    '-c',
    `ulimit -n 64; exec "$0" --root ${root} run --bundle ${made} ${id}`,
    command(),
  ])
  t.match(few, { status: 0, stdout: 'ran\n' })
  const script = `
    mount --bind "$D" "$D"; mount --bind / /mnt; mount -o remount,bind,ro /
    ! touch /etc/x 2>&- || exit 9
    exec "$TSBOX" --root ${root} run --bundle ${made} ${id}`
  const sealed = await inPrivateMounts(script, { D: dir })
  t.match(sealed, { status: 0, stdout: 'ran\n' }, sealed.stderr)
})

await test('R14: a container that is frozen, deaf, or forks without end is removed', {}, async oci => {
  const { t, ok, tsbox } = oci
  const { start } = sceneOf(oci)
  const limits = { linux: { resources: { pids: { limit: 64 } } } }
  for (const [what, args] of [
    ['deaf', ['/bin/probe', 'ignore-term']],
    ['forking', ['/bin/attack', 'forks']],
    ['forking below a first process', ['/bin/attack', 'forks-below']],
  ] as const)
    for (const frozen of [false, true]) {
      const id = await start({ process: { args }, mounts: MOUNTS, ...limits })
      const { pid } = JSON.parse(await ok(['state', id]))
      if (frozen) await tsbox(['pause', id])
      const { status, stderr } = await tsbox(['delete', '--force', id], { patience: 20_000 })
      t.equal(status, 0, `${what}, ${frozen ? 'frozen' : 'running'}: ${stderr}`)
      t.ok(await eventually(() => !isAlive(pid) || undefined))
    }
})
