import t from 'tap'
import { type Capability, type ProfileFacts, parseProfile } from '../../src/index.ts'

const facts = (changes: Partial<ProfileFacts> = {}): ProfileFacts => ({
  capabilities: ['CHOWN'],
  machine: 'x64',
  kernel: [6, 1],
  ...changes,
})

const namesIn = (rules: readonly object[], changes: Partial<ProfileFacts> = {}): readonly string[] =>
  (
    parseProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: rules }), facts(changes))
      .syscalls ?? []
  ).flatMap(({ names }) => names)

const allow = (name: string, more: object = {}) => ({ names: [name], action: 'SCMP_ACT_ALLOW', ...more })

t.test('a profile of a configuration is taken as it is', async t => {
  const profile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_X86_64'],
    syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 5 }],
  }
  t.strictSame(JSON.parse(JSON.stringify(parseProfile(JSON.stringify(profile), facts()))), profile)
})

t.test('rules of an engine count when the box has their capabilities', async t => {
  const rules = [
    allow('mount', { includes: { caps: ['CAP_SYS_ADMIN'] } }),
    allow('clone', { excludes: { caps: ['CAP_SYS_ADMIN'] } }),
    allow('read', { includes: {}, excludes: {} }),
  ]
  t.same(namesIn(rules), ['clone', 'read'])
  t.same(namesIn(rules, { capabilities: ['SYS_ADMIN'] as readonly Capability[] }), ['mount', 'read'])
})

t.test('rules of an engine count on their machines and kernels', async t => {
  const rules = [
    allow('arch_prctl', { includes: { arches: ['amd64', 'x32'] } }),
    allow('breakpoint', { includes: { arches: ['arm', 'arm64'] } }),
    allow('modify_ldt', { excludes: { arches: ['arm64'] } }),
    allow('ptrace', { includes: { minKernel: '4.8' } }),
    allow('future', { includes: { minKernel: '6.2' } }),
  ]
  t.same(namesIn(rules), ['arch_prctl', 'modify_ldt', 'ptrace'])
  t.same(namesIn(rules, { machine: 'arm64', kernel: [4, 7] }), ['breakpoint'])
})

t.test('the map of architectures gives this machine its own and those it can also run', async t => {
  const text = JSON.stringify({
    defaultAction: 'SCMP_ACT_ERRNO',
    archMap: [
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
    ],
    syscalls: [],
  })
  t.same(parseProfile(text, facts()).architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'])
})

t.test('an old rule with one name counts too', async t => {
  t.same(namesIn([{ name: 'read', action: 'SCMP_ACT_ALLOW' }]), ['read'])
})

t.test('what is no profile is refused by its field', async t => {
  t.throws(() => parseProfile('[]', facts()), { code: 'ERR_TSBOX_CONFIG' })
  t.throws(() => parseProfile('{}', facts()), { code: 'ERR_TSBOX_CONFIG', step: 'seccomp.defaultAction' })
  t.throws(() => namesIn([allow('read', { action: 'ALLOW' })]), { code: 'ERR_TSBOX_CONFIG' })
  t.throws(() => parseProfile('{"defaultAction":', facts()), { code: 'ERR_TSBOX_CONFIG' })
})
