// System call filters: what each action does, and to which calls.

import { eventually, isAlive } from '../helpers/live-box.ts'
import { callNumber } from '../helpers/syscall-numbers.ts'
import type { Json } from './helpers/config.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

const ARCH = process.arch === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64'
const ABI = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const call = (name: string): string => `${callNumber(ABI, name)}`

const filtered = (rules: readonly Json[], rest: Json = {}): Json => ({
  linux: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', architectures: [ARCH], syscalls: rules, ...rest } },
})

/** How a call ends in a container with a filter: what the probe prints, or the status it died with. */
const tried = async ({ run }: Oci, over: Json, words: readonly string[]): Promise<string> => {
  const process = { ...(over.process as Json | undefined), args: ['/bin/probe', 'syscall', ...words] }
  const { status, stdout, stderr } = await run({ ...over, process })
  if (status === 1) throw new Error(stderr)
  return status === 0 ? stdout.trim() : `status ${status}`
}

await test('each action', {
  shows: ['linux.seccomp.{defaultAction,architectures}', 'linux.seccomp.syscalls[].{names,action,errnoRet}'],
}, async oci => {
  const { t } = oci
  const ends = async (action: string, errnoRet?: number) =>
    tried(oci, filtered([{ names: ['getpgid'], action, errnoRet }]), [call('getpgid'), '0'])
  const allowed = /^ret=\d+$/
  t.match(await ends('SCMP_ACT_ALLOW'), allowed)
  t.match(await ends('SCMP_ACT_LOG'), allowed)
  t.equal(await ends('SCMP_ACT_ERRNO'), 'ret=-1 errno=1')
  t.equal(await ends('SCMP_ACT_ERRNO', 77), 'ret=-1 errno=77')
  t.equal(await ends('SCMP_ACT_TRACE', 5), 'ret=-1 errno=38', 'nobody traces')
  for (const action of ['SCMP_ACT_KILL', 'SCMP_ACT_KILL_THREAD', 'SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_TRAP'])
    t.equal(await ends(action), 'status 159', action)
})

await test('a filter that lets nobody end leaves no process behind that cannot', {
  shows: ['linux.seccomp.defaultAction'],
}, async oci => {
  const { t, tsbox, bundle, id, ok } = oci
  for (const over of [
    { linux: { seccomp: { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1 } } },
    filtered([{ names: ['execve', 'exit', 'exit_group'], action: 'SCMP_ACT_ERRNO' }]),
  ]) {
    const name = id()
    await ok(['create', '--bundle', bundle(name, over).dir, name])
    const { pid } = JSON.parse(await ok(['state', name]))
    t.match((await tsbox(['start', name])).status, /^[01]$/, 'it returns')
    t.ok(await eventually(() => !isAlive(pid) || undefined), 'and init has ended')
    t.match(JSON.parse(await ok(['state', name])), { status: 'stopped' })
    await ok(['delete', name])
  }
})

await test('what is not named meets the default action', {
  shows: ['linux.seccomp.{defaultAction,defaultErrnoRet}'],
}, async oci => {
  const { t } = oci
  const needed = [
    'execve',
    'exit_group',
    'exit',
    'write',
    'writev',
    'readv',
    'read',
    'brk',
    'mmap',
    'munmap',
    'arch_prctl',
    'set_tid_address',
    'ioctl',
    'fstat',
    'getpid',
    'futex',
    'rt_sigprocmask',
  ]
  const allow = { names: [...needed, 'no_such_call'], action: 'SCMP_ACT_ALLOW' }
  const strict = (rest: Json) => filtered([allow], { defaultAction: 'SCMP_ACT_ERRNO', ...rest })
  t.equal(await tried(oci, strict({}), [call('getpgid'), '0']), 'ret=-1 errno=1')
  t.equal(await tried(oci, strict({ defaultErrnoRet: 38 }), [call('getpgid'), '0']), 'ret=-1 errno=38')
  t.match(await tried(oci, strict({ defaultErrnoRet: 38 }), [call('getpid')]), /^ret=\d+$/)
})

await test('arguments are compared in each way, with all their 64 bits', {
  shows: ['linux.seccomp.syscalls[].args[].{index,value,valueTwo,op}'],
}, async oci => {
  const { t } = oci
  const big = 2n ** 40n + 5n
  for (const [op, value, valueTwo, meets, misses] of [
    ['SCMP_CMP_EQ', big, undefined, big, 5n],
    ['SCMP_CMP_NE', big, undefined, 5n, big],
    ['SCMP_CMP_LT', big, undefined, 6n, big],
    ['SCMP_CMP_LE', big, undefined, big, big + 1n],
    ['SCMP_CMP_GT', big, undefined, big + 1n, big],
    ['SCMP_CMP_GE', big, undefined, big, big - 1n],
    ['SCMP_CMP_MASKED_EQ', 0xffn << 40n, 0x12n << 40n, (0x12n << 40n) + 3n, 3n],
  ] as const) {
    const rule = {
      names: ['sched_get_priority_max'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 99,
      args: [{ index: 1, value, op, ...(valueTwo === undefined ? {} : { valueTwo }) }],
    }
    const end = (second: bigint) =>
      tried(oci, filtered([rule]), [call('sched_get_priority_max'), '0', `${second}`])
    t.equal(await end(meets), 'ret=-1 errno=99', `${op} meets`)
    t.equal(await end(misses), 'ret=0', `${op} misses`)
  }
})

await test('with no_new_privs and without, as root and as a user', {
  shows: ['process.noNewPrivileges', 'linux.seccomp.defaultAction'],
}, async oci => {
  const rules = [{ names: ['getpgid'], action: 'SCMP_ACT_ERRNO', errnoRet: 9 }]
  for (const noNewPrivileges of [true, false])
    for (const uid of [0, 1000]) {
      const process = { noNewPrivileges, user: { uid, gid: uid }, capabilities: undefined }
      oci.t.equal(
        await tried(oci, { ...filtered(rules), process }, [call('getpgid'), '0']),
        'ret=-1 errno=9',
        `${uid}`,
      )
      const caps = await oci.run({
        ...filtered(rules),
        process: { ...process, args: ['/bin/probe', 'caps'] },
      })
      oci.t.match(caps.stdout, /CapPrm:\s+0+\n/, 'no right is left over from putting it on')
    }
})

await test('a filter’s flags', { shows: ['linux.seccomp.flags'] }, async oci => {
  const flags = ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']
  const rules = [{ names: ['getpgid'], action: 'SCMP_ACT_ERRNO', errnoRet: 9 }]
  for (const flag of flags)
    oci.t.equal(
      await tried(oci, filtered(rules, { flags: [flag] }), [call('getpgid'), '0']),
      'ret=-1 errno=9',
      flag,
    )
  oci.t.match(
    await oci.refusal(filtered(rules, { flags: ['SECCOMP_FILTER_FLAG_NONE'] })),
    /linux\.seccomp\.flags\[0\]/,
  )
})

await test('init and exec have the same filter', { shows: ['linux.seccomp.syscalls[].action'] }, async ({
  t,
  start,
}) => {
  const { exec } = await start(filtered([{ names: ['getpgid'], action: 'SCMP_ACT_ERRNO', errnoRet: 55 }]))
  t.equal((await exec(['/bin/probe', 'syscall', call('getpgid'), '0'])).stdout, 'ret=-1 errno=55\n')
  t.match((await exec(['cat', '/proc/self/status'])).stdout, /^Seccomp:\s+2\nSeccomp_filters:\s+1$/m)
})

await test('what is no filter is refused', {
  shows: [
    'linux.seccomp.{defaultAction,architectures,listenerPath}',
    'linux.seccomp.syscalls[].{action,names}',
    'linux.seccomp.syscalls[].args[].{index,op}',
  ],
}, async ({ t, refusal }) => {
  const rule = (over: Json) => refusal(filtered([{ names: ['getpgid'], action: 'SCMP_ACT_ERRNO', ...over }]))
  t.match(await rule({ action: 'SCMP_ACT_DANCE' }), /linux\.seccomp\.syscalls\[0\]\.action/)
  t.match(await rule({ names: [] }), /linux\.seccomp\.syscalls\[0\]\.names/)
  t.match(await rule({ args: [{ index: 6, value: 0, op: 'SCMP_CMP_EQ' }] }), /args\[0\]\.index/)
  t.match(await rule({ args: [{ index: 0, value: 0, op: 'SCMP_CMP_X' }] }), /args\[0\]\.op/)
  t.match(await rule({ action: 'SCMP_ACT_NOTIFY' }), /linux\.seccomp\.listenerPath/)
  t.match(
    await refusal(filtered([], { architectures: ['SCMP_ARCH_TOASTER'] })),
    /linux\.seccomp\.architectures\[0\]/,
  )
  t.match(await refusal(filtered([], { defaultAction: 'SCMP_ACT_NOTIFY' })), /linux\.seccomp\.defaultAction/)
})
