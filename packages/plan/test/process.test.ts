import { KERNEL, type Op, type OpName, type OpOf, RLIM_INFINITY } from '@tsbox/protocol'
import { type BoxInput, capabilityMask, DEFAULT_CAPABILITIES, parseBox } from '@tsbox/spec'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { planProcess } from '../src/process.ts'
import { anyBox, FULL, LEAST } from './boxes.ts'
import { hostOf } from './hosts.ts'

const steps = (input: BoxInput, host = hostOf('v2')) => planProcess(parseBox(input), host)
const only = <N extends OpName>(ops: readonly Op[], name: N): OpOf<N> => {
  const found = ops.filter((op): op is OpOf<N> => op.op === name)
  if (found.length !== 1) throw new Error(`${found.length} times ${name}`)
  return found[0]!
}

t.test(
  'descriptors are closed before a path of the box is entered; rights go in their order, exec is last',
  async t => {
    holds(
      t,
      fc.property(anyBox, box => {
        const names = planProcess(box, hostOf('v2')).map(({ op }) => op)
        const wanted: OpName[] = [
          'pivotRoot',
          'closeFds',
          ...names.filter(name => name === 'setRlimit'),
          'changeDir',
          'setUmask',
          'boundCaps',
          'setIds',
          'setCaps',
        ]
        if (box.noNewPrivs) wanted.push('noNewPrivs')
        wanted.push('exec')
        const end = names.slice(-wanted.length)
        return end.join() === wanted.join() && (names[0] === 'init') === box.init
      }),
    )
  },
)

t.test('resource limits are set while there is still the right to', async t => {
  const names = steps(FULL).map(({ op }) => op)
  t.ok(names.lastIndexOf('setRlimit') < names.indexOf('boundCaps'))
})

t.test(
  'a terminal is opened in the box’s own devpts before the old root goes, and bound to its console',
  async t => {
    const ops = steps(FULL)
    const names = ops.map(({ op }) => op)
    t.ok(names.indexOf('newSession') < names.indexOf('openTerminal'), 'by a session without a terminal')
    t.ok(names.indexOf('openTerminal') < names.indexOf('pivotRoot'))
    t.match(only(ops, 'attach'), { target: 'console', nofollow: 1, make: 0 })
    t.notOk(steps(LEAST).some(({ op }) => op === 'openTerminal'))
  },
)

t.test('the bounding set and the permitted set are the same', async t => {
  const mask = capabilityMask(DEFAULT_CAPABILITIES)
  t.match(only(steps(LEAST), 'boundCaps'), { keep: mask })
  t.match(only(steps(LEAST), 'setCaps'), { permitted: mask })
  t.match(only(steps({ ...LEAST, capDrop: ['ALL'] }), 'setCaps'), { permitted: 0n })
})

t.test(
  'ALL is what the caller has; a capability that is named is asked for whether the caller has it or not',
  async t => {
    const host = hostOf('v2', { capabilities: 0b11n })
    t.equal(only(steps({ ...LEAST, privileged: true }, host), 'setCaps').permitted, 0b11n)
    t.equal(only(steps({ ...LEAST, privileged: true, capDrop: ['CHOWN'] }, host), 'setCaps').permitted, 0b10n)
    t.equal(
      only(steps({ ...LEAST, capDrop: ['ALL'], capAdd: ['KILL'] }, host), 'setCaps').permitted,
      0b100000n,
    )
  },
)

t.test('no program dumps core to the host, and the descriptor limit is what the user had', async t => {
  const host = hostOf('v2', { nofile: { soft: 256, hard: 512 } })
  t.strictSame(
    steps(LEAST, host).filter(({ op }) => op === 'setRlimit'),
    [
      { op: 'setRlimit', resource: KERNEL.RLIMIT_CORE, soft: 0n, hard: 0n },
      { op: 'setRlimit', resource: KERNEL.RLIMIT_NOFILE, soft: 256n, hard: 512n },
    ],
  )
})

t.test('a limit that was named replaces the default, and unlimited is infinity', async t => {
  t.strictSame(
    steps({ ...LEAST, rlimits: ['core=unlimited', 'nofile=1:2'] }).filter(({ op }) => op === 'setRlimit'),
    [
      { op: 'setRlimit', resource: KERNEL.RLIMIT_CORE, soft: RLIM_INFINITY, hard: RLIM_INFINITY },
      { op: 'setRlimit', resource: KERNEL.RLIMIT_NOFILE, soft: 1n, hard: 2n },
    ],
  )
})

t.test('the user, its groups, the mask and the directory reach the box as given', async t => {
  const ops = steps(FULL)
  t.match(only(ops, 'setIds'), { uid: 1000, gid: 1001, groups: [1001, 5] })
  t.match(only(ops, 'setUmask'), { mask: 0o077 })
  t.match(only(ops, 'changeDir'), { path: '/srv' })
})

t.test('a program is looked for in the PATH of the box, unless its name is a path', async t => {
  const paths = (input: Partial<BoxInput>) => only(steps({ ...LEAST, ...input }), 'exec').paths
  t.strictSame(paths({ args: ['sh'], env: { PATH: '/a:/b/::/c//' } }), ['/a/sh', '/b/sh', '/c/sh'])
  t.strictSame(paths({ args: ['/bin/sh'] }), ['/bin/sh'])
  t.strictSame(paths({ args: ['./sh'] }), ['./sh'])
  t.strictSame(paths({ args: ['sh'], env: { PATH: '' } }), [])
  t.strictSame(paths({ args: ['sh'], env: { PATH: '/' } }), ['/sh'])
})

t.test('arguments and variables reach the program as they were given', async t => {
  const args: [string, ...string[]] = ['p', '', ' a b ', '--', '\n', 'ü']
  const exec = only(steps({ ...LEAST, args, env: { A: 'x=y', B: '' } }), 'exec')
  t.strictSame(exec.argv, args)
  t.strictSame(exec.env.slice(3), ['A=x=y', 'B='])
})

t.test('a filter is put on by exec; without no_new_privs the right to do so is kept until then', async t => {
  const filter = { program: Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]), flags: 2, notify: false }
  const opsOf = (input: Partial<BoxInput>) =>
    planProcess(parseBox({ args: ['sh'], capDrop: ['ALL'], ...input }), hostOf('v2'), filter)
  const ops = opsOf({})
  t.match(ops.slice(-2), [{ op: 'seccomp', flags: 2 }, { op: 'exec' }])
  t.match(
    ops.find(({ op }) => op === 'setCaps'),
    { permitted: 0n, effective: 0n },
  )
  const admin = 1n << 21n
  t.match(
    opsOf({ noNewPrivs: false }).find(({ op }) => op === 'setCaps'),
    { permitted: admin, effective: admin, inheritable: 0n, ambient: 0n },
  )
})
