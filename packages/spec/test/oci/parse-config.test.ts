import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../../test/helpers/property.ts'
import { parseConfig, parseProcess, parseResources } from '../../src/index.ts'
import { document, example, examplesIn, full, json, read, refuses, replaced } from './documents.ts'

/** Of the bad examples, which field is wrong. */
const BAD = new Map([
  ['freebsd-vnet-disable.json', 'freebsd'],
  ['linux-hugepage.json', 'linux.resources.hugepageLimits[0].pageSize'],
  ['linux-netdevice.json', 'linux.netDevices.eth0.name'],
  ['linux-rdma.json', 'linux.resources.rdma.mlx5_1.hcaHandles'],
])

const OTHER_PLATFORM = /^(freebsd|zos)-/

t.test('every good example of the specification for Linux is read', async t => {
  for (const [name, text] of examplesIn('good')) {
    if (OTHER_PLATFORM.test(name)) continue
    t.equal(parseConfig(text).root.path, 'rootfs', name)
  }
})

t.test('an example for another platform is refused, and the error says which', async t => {
  for (const [name, text] of examplesIn('good')) {
    const step = OTHER_PLATFORM.exec(name)?.[1]
    if (step === undefined) continue
    const message = /^(freebsd: this is a configuration for FreeBSD|zos: this is a configuration for z\/OS)$/
    t.throws(() => parseConfig(text), { code: 'ERR_TSBOX_CONFIG', step, message }, name)
  }
})

t.test('every bad example of the specification is refused, and the error names the field', async t => {
  for (const [name, text] of [...examplesIn('bad'), ['invalid-json.json', '{]\n'] as const]) {
    const step = BAD.get(name) ?? ''
    t.throws(() => parseConfig(text), { code: 'ERR_TSBOX_CONFIG', step, hint: /./ }, name)
  }
})

t.test('what docker, podman and runc write is read', async t => {
  const docker = parseConfig(example('engines/docker-run-with-options.json'))
  t.strictSame(docker.process?.rlimits?.[0], {
    type: 'RLIMIT_CORE',
    soft: 18446744073709551615n,
    hard: 18446744073709551615n,
  })
  t.equal(docker.mounts?.length, 12)
  t.match(parseConfig(example('engines/docker-run.json')).linux.seccomp, { defaultAction: 'SCMP_ACT_ERRNO' })
  const podman = parseConfig(example('engines/podman-run-with-options.json'))
  t.equal(podman.linux.devices?.[0]?.fileMode, 0o666, 'without the type of the file, which podman leaves in')
  t.equal(podman.annotations?.['io.container.manager'], 'libpod')
  t.strictSame(parseConfig(example('engines/runc-spec-rootless.json')).linux.uidMappings, [
    { containerID: 0, hostID: 0, size: 1 },
  ])
})

t.test('an almost empty document is one: what is not said is not there', async t => {
  t.strictSame(parseConfig('{"ociVersion": "1.0.0", "root": {"path": "rootfs"}}'), {
    ociVersion: '1.0.0',
    root: { path: 'rootfs' },
    linux: {},
  })
})

t.test('unknown fields pass and are not in what comes out; null is as good as absent', async t => {
  const config = read({
    future: { deep: [1] },
    hostname: null,
    root: { path: 'r', shape: 'round', readonly: null },
    annotations: { 'org.example.unknown': '', constructor: 'kept' },
  })
  t.strictSame(Object.keys(config).sort(), ['annotations', 'linux', 'ociVersion', 'root'])
  t.strictSame(config.root, { path: 'r' })
  t.strictSame({ ...config.annotations }, { 'org.example.unknown': '', constructor: 'kept' })
  t.equal(Object.getPrototypeOf(config.annotations), null)
})

t.test('a version is needed, and one below 2', async t => {
  for (const ociVersion of ['1.0.2-dev', '1.2.0', '1.3.0+build.1', '1.99.0', '0.5.0-dev'])
    t.equal(read({ ociVersion }).ociVersion, ociVersion)
  refuses(
    t,
    [undefined, null, '', '1', '1.0', 'v1.0.0', '01.0.0', '2.0.0', '10.0.0', '1.0.0 ', 1].map(ociVersion => [
      'ociVersion',
      { ociVersion },
    ]),
  )
})

t.test('a root is needed', async t => {
  refuses(t, [
    ['root', { root: undefined }],
    ['root', { root: 'rootfs' }],
    ['root', { root: ['rootfs'] }],
    ['root.path', { root: {} }],
    ['root.path', { root: { path: '' } }],
    ['root.path', { root: { path: 'a\0b' } }],
    ['root.path', { root: { path: 7 } }],
    ['root.readonly', { root: { path: 'r', readonly: 'yes' } }],
  ])
  t.strictSame(read({ root: { path: '/r', readonly: true } }).root, { path: '/r', readonly: true })
})

t.test('host and domain names are what the kernel takes', async t => {
  for (const field of ['hostname', 'domainname'] as const) {
    t.equal(read({ [field]: 'a'.repeat(64) })[field], 'a'.repeat(64))
    t.equal(read({ [field]: '' })[field], undefined, 'an empty one is none')
    refuses(
      t,
      ['a'.repeat(65), 'ä'.repeat(33), 'a\0', 'a\nb', 5].map(name => [field, { [field]: name }]),
    )
  }
})

t.test('annotations are text under names that are not empty', async t => {
  refuses(t, [
    ['annotations[""]', { annotations: { '': 'x' } }],
    ['annotations["com.example.n"]', { annotations: { 'com.example.n': 1 } }],
    ['annotations', { annotations: [] }],
  ])
})

t.test('configurations for other platforms are refused by name', async t => {
  refuses(
    t,
    ['windows', 'solaris', 'zos', 'freebsd', 'vm'].map(name => [name, { [name]: {} }]),
  )
  t.ok(read({ windows: null }))
})

t.test('the document itself has to be an object', async t => {
  for (const text of ['[]', '"x"', '1', 'null', 'true'])
    t.throws(() => parseConfig(text), { code: 'ERR_TSBOX_CONFIG', step: '' }, text)
})

t.test('keys that would shadow what every object has are refused where only fields are', async t => {
  refuses(t, [
    ['constructor', { constructor: {} }],
    ['root.prototype', { root: { path: 'r', prototype: 1 } }],
  ])
})

t.test('a process and resources are read alone too, with paths of the caller’s wish', async t => {
  t.strictSame(parseProcess('{"args": ["a"], "cwd": "/"}'), {
    args: ['a'],
    cwd: '/',
    user: { uid: 0, gid: 0 },
  })
  t.throws(() => parseProcess('{"args": ["a"]}'), { code: 'ERR_TSBOX_CONFIG', step: 'cwd' })
  t.throws(() => parseProcess('{"args": ["a"]}', 'process'), {
    code: 'ERR_TSBOX_CONFIG',
    step: 'process.cwd',
  })
  t.strictSame(parseResources('{"pids": {"limit": 5}}'), { pids: { limit: 5 } })
  t.throws(() => parseResources('{"pids": {"limit": "5"}}'), { code: 'ERR_TSBOX_CONFIG', step: 'pids.limit' })
  t.throws(() => parseResources('{"pids": 5}', 'linux.resources'), {
    code: 'ERR_TSBOX_CONFIG',
    step: 'linux.resources.pids',
  })
})

t.test('whatever one value of a document is replaced by, it is read or refused with a hint', async t => {
  t.ok(parseConfig(json(full())))
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('/', '..', '\0', -1, 4294967295, ''))
  holds(
    t,
    fc.property(fc.constantFrom(...places(full())), value, (path, value) => {
      try {
        return parseConfig(json(replaced(full(), path, value))) !== undefined
      } catch (error) {
        return isTsboxError(error, 'ERR_TSBOX_CONFIG') && error.hint !== undefined && error.step !== undefined
      }
    }),
    { numRuns: 3000 },
  )
})

const places = (value: unknown, at: readonly string[] = []): readonly (readonly string[])[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, each]) => places(each, [...at, key]))
    : [at]

t.test('the first thing that is wrong is told with its path in the message', async t => {
  t.throws(
    () => parseConfig(document({ mounts: [{ destination: '/a', type: 'tmpfs' }, { destination: 7 }] })),
    {
      message: 'mounts[1].destination: 7 is not a string',
      hint: 'Write text in double quotes.',
    },
  )
})
