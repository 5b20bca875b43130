// Families D, F, H and L against the OCI runtime, as far as a filter answers them: each row is a raw system call, made by a
// container's first process and by one that joins, with every capability, so that nothing but the filter refuses it.
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_CAPABILITIES, defaultSeccomp } from '@tsbox/spec'
import { filterProbe, NATIVE_ABI, type Probe, probeWord, runsAbi } from '../helpers/filter-probe.ts'
import { callNumber } from '../helpers/syscall-numbers.ts'
import type { Json } from '../oci/helpers/config.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { startAgent } from '../oci/helpers/probes.ts'
import { ALLOWED, ROWS, type Row } from './d-seccomp-rows.ts'
import { isDebians, onEngine } from './helpers/engine.ts'
import { type Scene, sceneOf, statusField } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const machine = process.arch === 'arm64' ? 'arm64' : 'x64'
/** What a box of `tsbox run` has; engines give theirs, which is much the same. */
const DEFAULT: Json = { ...defaultSeccomp(DEFAULT_CAPABILITIES, machine) }

const CAPABILITIES = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP NET_ADMIN NET_RAW IPC_LOCK SYS_MODULE SYS_RAWIO ' +
  'SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_TIME SYS_TTY_CONFIG MKNOD SYSLOG PERFMON BPF'
)
  .split(' ')
  .map(name => `CAP_${name}`)
const ALL = { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES }

const probeOf = ({ call, args = [] }: Pick<Row, 'call' | 'args'>, abi = NATIVE_ABI): Probe => ({
  abi,
  nr: callNumber(abi, call),
  args,
})
const shown = ({ call, args = [] }: Pick<Row, 'call' | 'args'>): string =>
  `${call}(${args.map(String).join(', ')})`

const sceneWithProbe = (oci: Oci): Scene => {
  const scene = sceneOf(oci)
  copyFileSync(filterProbe(), join(scene.rootfs, 'bin', 'filter_probe'))
  return scene
}

/** What the kernel answers to a container's first process, and to one that joins it. */
const answersIn = async (
  { ok }: Oci,
  scene: Scene,
  seccomp: Json | undefined,
  probes: readonly Probe[],
): Promise<readonly (readonly string[])[]> => {
  const words = ['/bin/filter_probe', ...probes.map(probeWord)]
  const over = (args: Json): Json => ({ process: { ...args, capabilities: ALL }, linux: { seccomp } })
  const { stdout, stderr } = await scene.run(over({ args: words }))
  if (stderr !== '') throw new Error(stderr)
  const id = await scene.start(over({}))
  return [stdout, await ok(['exec', id, ...words])].map(text => text.trimEnd().split('\n'))
}

await test('D15 D16 D17 D18 F2 H24 L2 L3 L4 L5 L6 L10 L11 L12: refused to init and to who joins', {}, async oci => {
  const { t } = oci
  const scene = sceneWithProbe(oci)
  const probes = ROWS.map(row => probeOf(row))
  const bare = await answersIn(oci, scene, undefined, probes)
  for (const [k, filtered] of (await answersIn(oci, scene, DEFAULT, probes)).entries()) {
    const what = k === 0 ? 'init' : 'exec'
    t.equal(filtered.length, ROWS.length)
    t.same(
      ROWS.flatMap((row, i) =>
        filtered[i] === row.answer ? [] : [`${row.rows}: ${shown(row)}: ${filtered[i]}`],
      ),
      [],
      `${what}: each row is answered as it should be`,
    )
    const same = ROWS.filter((row, i) => bare[k]?.[i] === row.answer)
    t.same(
      same.filter(row => row.answer === 'errno=1').map(shown),
      [],
      `${what}: without the filter no row is refused`,
    )
    t.ok(ROWS.length - same.length > 60, `${ROWS.length - same.length} are answered otherwise`)
  }
})

await test('what every program needs is answered by the kernel, in init and exec', {}, async oci => {
  const scene = sceneWithProbe(oci)
  const probes = ALLOWED.map(row => probeOf(row))
  const bare = await answersIn(oci, scene, undefined, probes)
  oci.t.same(await answersIn(oci, scene, DEFAULT, probes), bare)
})

await test('D16: a call no filter has heard of is unknown, whatever the default action', {}, async oci => {
  const { t } = oci
  const scene = sceneWithProbe(oci)
  const never = [{ nr: 470 }, { nr: 700 }, { nr: 0x3fff_ffff }]
  for (const seccomp of [DEFAULT, { ...DEFAULT, defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1 }])
    for (const seen of await answersIn(oci, scene, seccomp, never))
      t.same(seen, ['errno=38', 'errno=38', 'errno=38'])
})

await test('D16: on crun a call its filter has not heard of is refused, not unknown', {}, async oci => {
  const scene = sceneOf(oci)
  const seccomp = { ...DEFAULT, defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1 }
  const bundle = scene.bundle({ process: { args: ['/bin/probe', 'syscall', '700'] }, linux: { seccomp } })
  const script = 'engine run --bundle "$BUNDLE" $ID </dev/null'
  const seen = await onEngine('crun', { dir: oci.dir, bundle, script })
  if (seen === undefined || !isDebians('crun')) return oci.t.comment('no crun of Debian 12: no control')
  oci.t.match(seen.stdout, /errno=1$/m, seen.stderr)
})

for (const abi of machine === 'x64' ? (['i386', 'x32'] as const) : []) {
  await test(`D18: a call by ${abi} ends the program, in init and exec`, {}, async oci => {
    const { t } = oci
    if (!runsAbi(abi)) t.comment(`this machine makes no ${abi} calls; a filter is asked before all the same`)
    const scene = sceneWithProbe(oci)
    const rows = [...ROWS, ...ALLOWED].filter(({ call }) =>
      ['mount', 'unshare', 'getpid', 'personality', 'io_setup'].includes(call),
    )
    const probes = rows.map(row => probeOf(row, abi))
    const bare = await answersIn(oci, scene, undefined, probes)
    if (bare[0]?.every(answer => answer === 'signal=11'))
      return t.comment('int $0x80 faults on this machine, with a filter or without')
    for (const seen of bare) t.notOk(seen.includes('signal=31'), 'without the filter none of them does')
    for (const seen of await answersIn(oci, scene, DEFAULT, probes)) t.same([...new Set(seen)], ['signal=31'])
  })
}

await test('D19: a filter that is asked for is on, or nothing runs', {}, async oci => {
  const { t, ok } = oci
  const { run, start } = sceneOf(oci)
  const args = ['/bin/probe', 'status']
  for (const seccomp of [
    {},
    { syscalls: [] },
    { defaultAction: 'SCMP_ACT_NOTHING' },
    { defaultAction: '' },
    { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_NONE'] },
    { defaultAction: 'SCMP_ACT_ALLOW', flags: ['SECCOMP_FILTER_FLAG_NONE'] },
    { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: [], action: 'SCMP_ACT_ERRNO' }] },
    {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', args: [{}] }],
    },
  ]) {
    const { status, stdout, stderr } = await run({ process: { args }, linux: { seccomp } })
    t.match(
      { status, stdout, stderr },
      { status: 1, stdout: '', stderr: /linux\.seccomp/ },
      JSON.stringify(seccomp),
    )
  }
  for (const noNewPrivileges of [true, false]) {
    const linux = {
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['no_such', 'swapon'], action: 'SCMP_ACT_ERRNO' }],
      },
    }
    const id = await start({ process: { noNewPrivileges }, linux })
    const made = await run({ process: { args, noNewPrivileges }, linux })
    for (const text of [
      made.stdout,
      await ok(['exec', id, ...args]),
      await ok(['exec', '-u', '1000', id, ...args]),
    ])
      t.equal(statusField(text, 'Seccomp'), '2', 'a name nobody knows takes nothing away')
  }
})

await test('D20: the agent’s descriptor stays nowhere, and without the agent nobody waits', {}, async oci => {
  const { t, ok, dir, tsbox } = oci
  const { bundle } = sceneOf(oci)
  const socket = join(dir, 'agent')
  const agent = await startAgent(socket, callNumber(NATIVE_ABI, 'mkdirat'), 95)
  const { id, dir: made } = bundle({
    linux: {
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        listenerPath: socket,
        syscalls: [{ names: ['mkdirat'], action: 'SCMP_ACT_NOTIFY' }],
      },
    },
  })
  await ok(['create', '--bundle', made, id])
  await ok(['start', id])
  const fds = await ok(['exec', id, '/bin/sh', '-c', 'ls -l /proc/*/fd'])
  t.match(fds, /\/proc\/1\/fd:/)
  t.notMatch(fds, /anon_inode/, 'nobody in the container holds it')
  const mkdirat = ['/bin/probe', 'syscall', `${callNumber(NATIVE_ABI, 'mkdirat')}`, '-1', '0', '0']
  t.match(await ok(['exec', id, ...mkdirat]), /errno=95/, 'the agent is asked')
  agent.child.kill('SIGKILL')
  await agent.ended
  const gone = await tsbox(['exec', id, ...mkdirat], { patience: 10_000 })
  t.match(
    gone,
    { status: 1, stderr: /listenerPath/, signal: null },
    'without it nobody joins, and nobody waits',
  )
})
