import t from 'tap'
import { type BoxInput, CAPABILITIES, DEFAULT_CAPABILITIES, DEFAULTS, parseBox } from '../src/index.ts'

const box = (input: Partial<BoxInput> = {}) => parseBox({ args: ['true'], ...input })

t.test('a box of which only the program is said gets safe defaults', async t => {
  const { name, ...rest } = box()
  t.match(name, /^[0-9a-f]{12}$/)
  t.strictSame(rest, {
    args: ['true'],
    hostname: 'container',
    root: { kind: 'system' },
    readOnly: false,
    cwd: '/',
    env: { PATH: DEFAULTS.path, HOME: '/root', HOSTNAME: 'container' },
    user: { uid: 0, gid: 0, groups: [0] },
    umask: 0o022,
    volumes: [],
    tmpfs: [],
    network: 'none',
    limits: { pids: { max: 1024 } },
    cgroupParent: undefined,
    rlimits: [],
    capabilities: DEFAULT_CAPABILITIES,
    allCapabilities: false,
    privileged: false,
    noNewPrivs: true,
    seccomp: 'default',
    sysctls: {},
    timeout: 0,
    stopSignal: 15,
    stopTimeout: 10_000,
    init: false,
    terminal: false,
  })
})

t.test('two boxes without a name get different ones', async t => {
  t.not(box().name, box().name)
})

t.test('nothing of the environment of the caller is in a box', async t => {
  process.env.TSBOX_TEST_SECRET = 'x'
  t.teardown(() => delete process.env.TSBOX_TEST_SECRET)
  t.strictSame(Object.keys(box().env).sort(), ['HOME', 'HOSTNAME', 'PATH'])
})

t.test(
  'the environment follows from the user, the host name and the terminal, and can be overridden',
  async t => {
    t.equal(box({ user: { uid: 1000 } }).env.HOME, '/')
    t.equal(box({ hostname: 'web-1' }).env.HOSTNAME, 'web-1')
    t.equal(box({ terminal: true }).env.TERM, 'xterm')
    t.match(box({ env: { PATH: '/opt', TERM: 'vt100' }, terminal: true }).env, {
      PATH: '/opt',
      TERM: 'vt100',
    })
  },
)

t.test('a user has exactly the groups it was given, its own among them, each once', async t => {
  t.strictSame(box({ user: { uid: 1000 } }).user, { uid: 1000, gid: 1000, groups: [1000] })
  t.strictSame(box({ user: { uid: 1, gid: 2 } }).user, { uid: 1, gid: 2, groups: [2] })
  t.strictSame(box({ user: { uid: 1, gid: 2, groups: [3, 2, 3] } }).user, { uid: 1, gid: 2, groups: [2, 3] })
})

t.test('a limit on processes stays on whatever else is limited', async t => {
  t.strictSame(box({ limits: { memory: { max: '64Mi' } } }).limits, {
    memory: { max: '64Mi' },
    pids: { max: 1024 },
  })
  t.strictSame(box({ limits: { pids: {} } }).limits.pids, { max: 1024 })
  t.strictSame(box({ limits: { pids: { max: undefined } } }).limits.pids, { max: 1024 })
  t.strictSame(box({ limits: { pids: { max: 'max' } } }).limits.pids, { max: 'max' })
})

t.test('capabilities are added to and dropped from a short list', async t => {
  const set = (input: Partial<BoxInput>) => new Set(box(input).capabilities)
  t.ok(set({ capAdd: ['cap_net_admin'] }).has('NET_ADMIN'))
  t.notOk(set({ capDrop: ['KILL'] }).has('KILL'))
  t.strictSame(box({ capDrop: ['ALL'] }).capabilities, [])
  t.strictSame(box({ capDrop: ['all'], capAdd: ['kill'] }).capabilities, ['KILL'])
  t.equal(set({ capAdd: ['ALL'] }).size, CAPABILITIES.length)
  t.equal(set({ privileged: true }).size, CAPABILITIES.length)
  t.strictSame(box({ privileged: true, capDrop: ['ALL'] }).capabilities, [], 'also of a privileged box')
  t.notOk(set({ capAdd: ['ALL'], capDrop: ['SYS_ADMIN'] }).has('SYS_ADMIN'), 'dropping by name wins')
  t.notOk(set({ capAdd: ['MKNOD'], capDrop: ['MKNOD'] }).has('MKNOD'), 'dropping wins over adding')
})

t.test(
  'all capabilities means all the caller has, also when some are dropped; named ones are meant',
  async t => {
    t.ok(box({ privileged: true, capDrop: ['MKNOD'] }).allCapabilities)
    t.ok(box({ capAdd: ['ALL'] }).allCapabilities)
    t.notOk(box({ capAdd: ['SYS_RESOURCE'] }).allCapabilities)
  },
)

t.test('only --privileged and an explicit wish let a program gain rights through exec', async t => {
  t.ok(box({ capAdd: ['ALL'] }).noNewPrivs)
  t.notOk(box({ privileged: true }).noNewPrivs)
  t.ok(box({ privileged: true, noNewPrivs: true }).noNewPrivs)
})

t.test('times are whole milliseconds, and a very short one is not none', async t => {
  t.equal(box({ timeout: '5s' }).timeout, 5000)
  t.equal(box({ timeout: 250 }).timeout, 250)
  t.equal(box({ timeout: '500us' }).timeout, 1)
  t.equal(box({ timeout: 0.2 }).timeout, 1)
  t.equal(box({ timeout: 0 }).timeout, 0)
  t.equal(box({ stopTimeout: '0s' }).stopTimeout, 0)
})

t.test('volumes and memory file systems come in one form', async t => {
  t.strictSame(box({ volumes: [{ source: '/a', target: '//b/./c/' }] }).volumes, [
    { source: '/a', target: '/b/c', readOnly: false },
  ])
  t.strictSame(box({ tmpfs: [{ target: '/t' }] }).tmpfs, [{ target: '/t', size: 64 * 2 ** 20, mode: 0o1777 }])
  t.strictSame(box({ tmpfs: [{ target: '/t', size: '1m', mode: 0 }] }).tmpfs, [
    { target: '/t', size: 2 ** 20, mode: 0 },
  ])
})

t.test('a volume may lie at a file or directory below /dev, which is in place before it', async t => {
  t.equal(box({ volumes: [{ source: '/a', target: '/dev/dri' }] }).volumes[0]?.target, '/dev/dri')
})

t.test('kernel parameters become files below /proc/sys', async t => {
  t.strictSame(box({ sysctls: { 'net.ipv4.ip_forward': '1', 'kernel.msgmax': '1' } }).sysctls, {
    'net/ipv4/ip_forward': '1',
    'kernel/msgmax': '1',
  })
})

t.test('a parsed box does not share its environment with what was given', async t => {
  const env = { A: '1' }
  const made = box({ env })
  env.A = '2'
  t.equal(made.env.A, '1')
})
