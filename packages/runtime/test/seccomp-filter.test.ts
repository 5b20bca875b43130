import { execFileSync } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_CAPABILITIES, defaultSeccomp, type OciSeccomp } from '@tsbox/spec'
import t from 'tap'
import { AUDIT_ARCH, verdict } from '../../../test/helpers/bpf.ts'
import { answers, NATIVE_ABI } from '../../../test/helpers/filter-probe.ts'
import { callNumber } from '../../../test/helpers/syscall-numbers.ts'
import { seccompFilter } from '../src/seccomp-filter.ts'

const machine = process.arch === 'arm64' ? 'arm64' : 'x64'
const PROFILE = defaultSeccomp(DEFAULT_CAPABILITIES, machine)
const MKDIR = { names: ['mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 5 }
const ALLOWING: OciSeccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [MKDIR] }

t.test('a profile becomes a program that the kernel takes', async t => {
  const { program, flags, notify } = seccompFilter(ALLOWING, { directory: join(t.testdir(), 'cache') })
  t.same({ flags, notify }, { flags: 0, notify: false })
  const nr = callNumber(NATIVE_ABI, 'mkdirat')
  t.same(answers(program, [{ nr }]), ['errno=5'])
  t.same(answers(undefined, [{ nr }]), ['errno=14'], 'without it the kernel looks at the path')
})

t.test('the second time it comes from the cache, the same', async t => {
  const directory = join(t.testdir(), 'cache')
  const first = seccompFilter(PROFILE, { directory })
  const [name = ''] = readdirSync(directory)
  const kept = statSync(join(directory, name), { bigint: true })
  t.same(seccompFilter(PROFILE, { directory }), first)
  t.equal(statSync(join(directory, name), { bigint: true }).ino, kept.ino, 'it was not written again')
  writeFileSync(join(directory, name), 'nonsense')
  t.same(seccompFilter(PROFILE, { directory }), first, 'a damaged one is compiled again')
  t.same(seccompFilter(PROFILE, { directory: '/dev/null/cache' }), first, 'as is one that cannot be kept')
})

t.test('profiles that differ in anything have filters of their own', async t => {
  const directory = join(t.testdir(), 'cache')
  const rule = (more: object) => ({ ...ALLOWING, syscalls: [{ ...MKDIR, ...more }] })
  const arg = { index: 1, op: 'SCMP_CMP_EQ', value: 7 }
  const profiles: readonly OciSeccomp[] = [
    ALLOWING,
    { ...ALLOWING, defaultAction: 'SCMP_ACT_LOG' },
    { ...ALLOWING, architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'] },
    { ...ALLOWING, flags: ['SECCOMP_FILTER_FLAG_LOG'] },
    { ...ALLOWING, syscalls: [] },
    rule({ errnoRet: 6 }),
    rule({ action: 'SCMP_ACT_KILL', errnoRet: undefined }),
    rule({ names: ['mkdirat', 'mknodat'] }),
    rule({ args: [arg] }),
    rule({ args: [{ ...arg, index: 2 }] }),
    rule({ args: [{ ...arg, value: 8 }] }),
    rule({ args: [{ ...arg, op: 'SCMP_CMP_NE' }] }),
    rule({ args: [{ ...arg, op: 'SCMP_CMP_MASKED_EQ' }] }),
    rule({ args: [{ ...arg, op: 'SCMP_CMP_MASKED_EQ', valueTwo: 1 }] }),
    rule({ args: [{ ...arg, value: 2n ** 63n }] }),
  ]
  for (const profile of profiles) seccompFilter(profile, { directory })
  t.equal(readdirSync(directory).length, profiles.length)
  seccompFilter(rule({ args: [{ ...arg, value: 7n, valueTwo: 0 }] }), { directory })
  seccompFilter({ ...ALLOWING, listenerMetadata: 'for the agent only', architectures: [] }, { directory })
  t.equal(readdirSync(directory).length, profiles.length, 'the same in other words has none')
})

t.test('what is told to seccomp(2) beside the program', async t => {
  const directory = join(t.testdir(), 'cache')
  const asking = { ...ALLOWING, syscalls: [{ names: ['mkdirat'], action: 'SCMP_ACT_NOTIFY' }] }
  const of = (profile: OciSeccomp) => {
    const { flags, notify } = seccompFilter(profile, { directory })
    return { flags, notify }
  }
  t.same(of({ ...ALLOWING, flags: ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_TSYNC'] }), {
    flags: 2,
    notify: false,
  })
  t.same(of(asking), { flags: 8, notify: true })
  t.same(of({ ...asking, flags: ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'] }), { flags: 40, notify: true })
})

t.test('D19: a profile that is empty or wrong is an error, cached or not', async t => {
  const directory = join(t.testdir(), 'cache')
  for (const profile of [{}, { defaultAction: 'SCMP_ACT_NONE' }, { ...ALLOWING, flags: ['FAST'] }]) {
    for (let time = 0; time < 2; time++)
      t.throws(() => seccompFilter(profile as OciSeccomp, { directory }), { code: 'ERR_TSBOX_SPEC' })
  }
  const { program } = seccompFilter({ defaultAction: 'SCMP_ACT_ERRNO' }, { directory })
  const arch = AUDIT_ARCH[machine === 'arm64' ? 'aarch64' : 'x86_64']
  t.equal(verdict(program, { arch, nr: 1 }), 'errno 1', 'without any rule all is refused')
})

/** What a program that asks for the default filter has loaded at its end. */
const loadedBy = (directory: string) => {
  const source = (path: string) => JSON.stringify(join(import.meta.dirname, '..', '..', path))
  const text = `
    import { seccompFilter } from ${source('runtime/src/seccomp-filter.ts')}
    import { defaultSeccomp } from ${source('spec/src/seccomp/default-profile.ts')}
    seccompFilter(defaultSeccomp(['KILL'], '${machine}'), { directory: ${JSON.stringify(directory)} })
    const { sharedObjects } = process.report.getReport()
    console.log(JSON.stringify([...sharedObjects, ...process.moduleLoadList]))`
  // `env -i`: the test runner would load modules of its own into a Node it sees started.
  const args = ['--conditions=@tsbox/source', '--input-type=module-typescript', '-e', text]
  const all: readonly string[] = JSON.parse(
    execFileSync('env', ['-i', process.execPath, ...args], { encoding: 'utf8' }),
  )
  return all.filter(name => /koffi|libseccomp|child_process$/.test(name))
}

t.test('a filter from the cache costs no native code and no process', async t => {
  const directory = join(t.testdir(), 'cache')
  t.match(loadedBy(directory).join(), /koffi.*libseccomp|libseccomp.*koffi/, 'compiling does')
  t.same(loadedBy(directory), [])
})
