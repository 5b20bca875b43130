import { type Box, type BoxInput, CAPABILITIES, parseBox, RLIMITS } from '@tsbox/spec'
import fc from 'fast-check'

/** A box that uses everything at once, so that its plan has every kind of step. */
export const FULL: BoxInput = {
  args: ['sh', '-c', 'echo "hi"'],
  name: 'full',
  hostname: 'web-1',
  root: { kind: 'directory', path: '/images/one' },
  readOnly: true,
  cwd: '/srv',
  env: { LANG: 'C.UTF-8' },
  user: { uid: 1000, gid: 1001, groups: [5] },
  umask: 0o077,
  volumes: [
    { source: '/data', target: '/srv' },
    { source: '/data/conf', target: '/srv/conf', readOnly: true },
  ],
  tmpfs: [{ target: '/tmp', size: '16Mi' }],
  limits: { memory: { max: '64Mi' }, pids: { max: 20 }, cpu: { max: 1.5 }, cpuset: { cpus: '0' } },
  rlimits: ['nofile=64', 'stack=8388608:unlimited'],
  capAdd: ['NET_ADMIN'],
  capDrop: ['KILL'],
  sysctls: { 'net.ipv4.ip_forward': '1' },
  timeout: '5s',
  stopSignal: 'INT',
  stopTimeout: '1s',
  init: true,
  terminal: true,
}

/** A box of which only the program is said. */
export const LEAST: BoxInput = { args: ['/bin/true'], name: 'least' }

const path = fc
  .array(fc.stringMatching(/^[a-z0-9 :,\\="'$]{1,8}$/), { minLength: 1, maxLength: 4 })
  .map(parts => `/x/${parts.join('/')}`)

const root = fc.oneof(
  fc.constant({ kind: 'system' as const }),
  fc.constant({ kind: 'host' as const }),
  fc.record({ kind: fc.constant('directory' as const), path }),
  fc.record(
    {
      kind: fc.constant('layers' as const),
      layers: fc.array(path, { minLength: 1, maxLength: 150 }),
      upper: path,
    },
    { requiredKeys: ['kind', 'layers'] },
  ),
)

const limits = fc.record(
  {
    pids: fc.record({ max: fc.integer({ min: 1, max: 4194304 }) }),
    memory: fc.record({ max: fc.oneof(fc.constant('max' as const), fc.integer({ min: 1, max: 2 ** 50 })) }),
    cpu: fc.record({ max: fc.integer({ min: 1, max: 64 }), weight: fc.integer({ min: 1, max: 10000 }) }),
    cpuset: fc.record({ cpus: fc.constantFrom('0', '0-1', '0,1') }),
    io: fc.record({ max: fc.constant([{ device: '8:0', rbps: '1m' }]) }),
  },
  { requiredKeys: [] },
)

/** Boxes of every shape, checked as a user's would be. */
export const anyBox: fc.Arbitrary<Box> = fc
  .record(
    {
      args: fc.tuple(fc.stringMatching(/^[a-z/.]{1,9}$/), fc.string({ unit: 'grapheme-ascii' })),
      name: fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/),
      root,
      readOnly: fc.boolean(),
      cwd: path,
      env: fc.dictionary(fc.stringMatching(/^[A-Z_]{1,9}$/), fc.string({ unit: 'grapheme-ascii' })),
      user: fc.record({ uid: fc.nat(), gid: fc.nat(), groups: fc.array(fc.nat(), { maxLength: 9 }) }),
      volumes: fc.array(fc.record({ source: path, target: path, readOnly: fc.boolean() }), { maxLength: 6 }),
      tmpfs: fc.array(fc.record({ target: path }), { maxLength: 3 }),
      network: fc.constantFrom('none' as const, 'host' as const),
      limits,
      cgroupParent: fc.constantFrom('/teams', '/a/b/c'),
      rlimits: fc.array(
        fc.constantFrom(...RLIMITS).map(name => `${name}=10:20`),
        { maxLength: 4 },
      ),
      capAdd: fc.array(fc.constantFrom('ALL', ...CAPABILITIES), { maxLength: 3 }),
      capDrop: fc.array(fc.constantFrom('ALL', ...CAPABILITIES), { maxLength: 3 }),
      privileged: fc.boolean(),
      noNewPrivs: fc.boolean(),
      sysctls: fc.constantFrom({}, { 'kernel.msgmax': '1024', 'kernel.sem': '1 2 3 4' }),
      timeout: fc.constantFrom('5s', 0, 0.1),
      init: fc.boolean(),
      terminal: fc.boolean(),
    },
    { requiredKeys: ['args'] },
  )
  .map(input => parseBox(input as BoxInput))
