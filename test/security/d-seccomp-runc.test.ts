import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_CAPABILITIES, defaultSeccomp, type OciSeccomp, parseConfig, seccompRules } from '@tsbox/spec'
import { compileSeccomp } from '@tsbox/sys'
import t, { type Test } from 'tap'
import { EVERYDAY_CALLS } from '../../packages/spec/src/seccomp/everyday-calls.ts'
import { inPrivateMounts } from '../helpers/boxes.ts'
import { AUDIT_ARCH, type Call, verdict, X32 } from '../helpers/bpf.ts'
import { engineVersion } from '../helpers/control.ts'
import { filterProbe } from '../helpers/filter-probe.ts'
import { probeRootfs } from '../helpers/rootfs.ts'
import { callNumbers } from '../helpers/syscall-numbers.ts'

// Profiles as engines write them, compiled here and by runc: the filter that runc put on a process is read back from the
// kernel, and both are asked about every call of three ABIs.

const machine = process.arch === 'arm64' ? 'arm64' : 'x64'

const SPECIAL = ['mkdir', 'chmod', 'rmdir', 'chown', 'sync', 'mlock']
/** What runc itself still calls when the filter is on. */
const NEEDED = EVERYDAY_CALLS.filter(name => !SPECIAL.includes(name))

/** What engines' profiles do, in one: conditions that add up, conditions that go together, names nobody knows. */
const MIXED: OciSeccomp = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 1,
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  syscalls: [
    { names: [...NEEDED, 'openat2', 'no_such_call', 'socketcall'], action: 'SCMP_ACT_ALLOW' },
    { names: ['mkdir', 'chmod'], action: 'SCMP_ACT_ERRNO' },
    { names: ['rmdir'], action: 'SCMP_ACT_KILL_PROCESS' },
    { names: ['chown'], action: 'SCMP_ACT_TRACE', errnoRet: 9 },
    { names: ['swapon'], action: 'SCMP_ACT_TRAP' },
    { names: ['sync'], action: 'SCMP_ACT_LOG' },
    {
      names: ['personality'],
      action: 'SCMP_ACT_ALLOW',
      args: [
        { index: 0, op: 'SCMP_CMP_EQ', value: 8 },
        { index: 0, op: 'SCMP_CMP_EQ', value: 0xffff_ffff },
      ],
    },
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, op: 'SCMP_CMP_MASKED_EQ', value: 0x7e02_0000, valueTwo: 0 }],
    },
    {
      names: ['socket'],
      action: 'SCMP_ACT_ALLOW',
      args: [
        { index: 0, op: 'SCMP_CMP_LT', value: 38 },
        { index: 0, op: 'SCMP_CMP_EQ', value: 39 },
        { index: 0, op: 'SCMP_CMP_GT', value: 40 },
      ],
    },
    {
      names: ['mlock'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 22,
      args: [
        { index: 0, op: 'SCMP_CMP_EQ', value: 16 },
        { index: 2, op: 'SCMP_CMP_EQ', value: 9 },
      ],
    },
    { names: ['mlock'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, op: 'SCMP_CMP_NE', value: 16 }] },
  ],
}

const configOf = (rootfs: string, seccomp: OciSeccomp, id: string) => ({
  ociVersion: '1.0.2',
  root: { path: rootfs },
  process: {
    user: { uid: 0, gid: 0 },
    args: ['/bin/probe', 'pause'],
    env: [],
    cwd: '/',
    capabilities: {},
    noNewPrivileges: true,
  },
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
  linux: {
    cgroupsPath: `/${id}`,
    namespaces: ['pid', 'ipc', 'uts', 'mount'].map(type => ({ type })),
    seccomp,
  },
})

/** The filter of a process that runc started with this profile. */
const filterByRunc = async (dir: string, seccomp: OciSeccomp): Promise<Buffer> => {
  const id = `seccomp-${process.pid}-${Math.floor(Math.random() * 1e9)}`
  const bundle = join(dir, 'a', 'b', 'c', id)
  mkdirSync(bundle, { recursive: true })
  const rootfs = probeRootfs(join(bundle, 'rootfs'))
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(configOf(rootfs, seccomp, id)))
  const script = `
    cd "$BUNDLE"; trap 'runc --root "$BUNDLE/state" delete -f ${id}' EXIT
    runc --root "$BUNDLE/state" run -d --pid-file pid --bundle . ${id} </dev/null >out 2>&1 || { cat out >&2; exit 1; }
    "$PROBE" dump "$(cat pid)" "$BUNDLE/filter"`
  const { stderr, status } = await inPrivateMounts(script, { BUNDLE: bundle, PROBE: filterProbe() })
  if (status !== 0) throw new Error(stderr)
  return readFileSync(join(bundle, 'filter'))
}

const EDGES = [0, 1, 2, 8, 9, 10, 16, 17, 18, 33, 37, 38, 39, 40, 41, 0x5401, 0x5412, 0x541c, 0x4_0000]
  .map(BigInt)
  .concat([0x2_0008n, 0x0002_0011n, 0x1000_0011n, 0xffff_ffffn, 2n ** 32n + 38n, 2n ** 64n - 1n])

/** Every call of every ABI, with no arguments; and those with conditions, with all pairs of telling ones. */
const calls = (profile: OciSeccomp): readonly Call[] => {
  const abis = [
    [AUDIT_ARCH.x86_64, 0],
    [AUDIT_ARCH.x86_64, X32],
    [AUDIT_ARCH.i386, 0],
    [AUDIT_ARCH.aarch64, 0],
  ] as const
  const plain = abis.flatMap(([arch, bit]) =>
    Array.from({ length: 600 }, (_, nr) => ({ arch, nr: nr + bit })),
  )
  const conditional = [...new Set((profile.syscalls ?? []).filter(r => r.args?.length).flatMap(r => r.names))]
  const pairs = EDGES.flatMap(first => EDGES.map(other => [first, other, other] as const))
  const told = conditional.flatMap(name =>
    (['x86_64', 'i386'] as const).flatMap(abi => {
      const nr = callNumbers(abi).get(name)
      // A register of i386 has 32 bits.
      const bits = abi === 'i386' ? 32 : 64
      const narrow = pairs.map(args => args.map(arg => BigInt.asUintN(bits, arg)))
      return nr === undefined ? [] : narrow.map(args => ({ arch: AUDIT_ARCH[abi], nr, args }))
    }),
  )
  return [...plain, ...told]
}

/** runc leaves a call of another architecture to libseccomp's default: the thread ends, not the process. */
const alike = (one: string, other: string): boolean =>
  one === other || (one === 'kill process' && other === 'kill thread')

/** The profile in a configuration that podman writes; undefined where it is not installed. */
const profileOfPodman = async (t: Test): Promise<OciSeccomp | undefined> => {
  // Podman takes no paths longer than 50 characters.
  const home = mkdtempSync(join(tmpdir(), 'p-'))
  t.teardown(() => rmSync(home, { recursive: true }))
  const rootfs = probeRootfs(join(home, 'rootfs'))
  // Podman raises limits above what a machine may allow, and starts its runtime several times: one is for `create`.
  const conf = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
  writeFileSync(join(home, 'containers.conf'), conf)
  const kept = join(home, 'config.json')
  const keep = `for a; do [ "$last" != --bundle ] || cp "$a/config.json" ${kept}; last=$a; done; exit 1`
  writeFileSync(join(home, 'runtime'), `#!/bin/sh\n${keep}\n`, { mode: 0o755 })
  const script = `
    command -v podman >/dev/null || exit 0
    podman --root "$HOME/root" --runroot "$HOME/run" --tmpdir "$HOME/tmp" --cgroup-manager cgroupfs \\
      --runtime "$HOME/runtime" run --rm --network none --rootfs "$ROOTFS" /bin/probe true || true`
  const outcome = await inPrivateMounts(script, {
    HOME: home,
    ROOTFS: rootfs,
    CONTAINERS_CONF: join(home, 'containers.conf'),
  })
  if (outcome.stderr === '') return undefined
  if (!existsSync(kept)) throw new Error(outcome.stderr)
  return parseConfig(readFileSync(kept, 'utf8')).linux.seccomp
}

const compare = async (t: Test, profile: OciSeccomp): Promise<void> => {
  const theirs = await filterByRunc(t.testdirName, profile)
  const { program } = compileSeccomp(seccompRules(profile, machine))
  const all = calls(profile)
  const wrong = all.filter(call => !alike(verdict(program, call), verdict(theirs, call)))
  t.same(
    wrong.slice(0, 9).map(call => [call, verdict(program, call), verdict(theirs, call)]),
    [],
    `${all.length} calls`,
  )
  t.ok(all.length > 2000 && all.some(call => verdict(program, call) === 'allow'))
}

const profiles: readonly (readonly [string, OciSeccomp | undefined])[] = [
  ['with everything profiles have', MIXED],
  ['of a box', defaultSeccomp(DEFAULT_CAPABILITIES, machine)],
  ['of a box with CAP_SYS_ADMIN', defaultSeccomp(['SYS_ADMIN'], machine)],
  ['of podman', undefined],
]

for (const [name, given] of machine === 'x64' ? profiles : []) {
  t.test(`a profile ${name} is compiled to what runc compiles it to`, async t => {
    if (engineVersion('runc') === undefined) return t.comment('runc is not installed: nothing is compared')
    const profile = given ?? (await profileOfPodman(t))
    if (profile === undefined) return t.comment('podman is not installed: nothing is compared')
    t.testdir()
    await compare(t, profile)
  })
}
