import t, { type Test } from 'tap'
import { NAMESPACE_TYPES, type OciNamespaceType } from '../../src/index.ts'
import { read, refuses } from './documents.ts'

type Fields = Readonly<Record<string, unknown>>
const MAP = [{ containerID: 0, hostID: 0, size: 1 }]

const others = (type: OciNamespaceType) =>
  NAMESPACE_TYPES.filter(each => each !== type && each !== 'user').map(each => ({ type: each }))

/** The fields are taken with the namespace, new or joined, and refused at `step` without. */
const needs = (t: Test, type: OciNamespaceType, rows: readonly (readonly [string, Fields])[]): void => {
  for (const [step, { linux, ...rest }] of rows) {
    const given = (namespaces: readonly unknown[]) => ({
      ...rest,
      linux: { ...(linux as Fields), namespaces },
    })
    t.ok(read(given([...others(type), { type }])), `${step} with a new one`)
    t.ok(read(given([...others(type), { type, path: '/ns' }])), `${step} with one that is joined`)
    refuses(t, [[step, given(others(type))]])
  }
}

t.test('names of the host stay as they are', async t => {
  needs(t, 'uts', [
    ['hostname', { hostname: 'h' }],
    ['domainname', { domainname: 'd' }],
    ['linux.sysctl["kernel.domainname"]', { linux: { sysctl: { 'kernel.domainname': 'd' } } }],
  ])
})

t.test('mounts of the host stay as they are', async t => {
  needs(t, 'mount', [
    ['linux.maskedPaths', { linux: { maskedPaths: ['/a'] } }],
    ['linux.readonlyPaths', { linux: { readonlyPaths: ['/a'] } }],
    ['linux.rootfsPropagation', { linux: { rootfsPropagation: 'private' } }],
  ])
  t.ok(read({ linux: { namespaces: [], maskedPaths: [], readonlyPaths: [], rootfsPropagation: '' } }))
})

t.test('kernel parameters of the host stay as they are (C4)', async t => {
  const row = (key: string) =>
    [
      /^\w+$/.test(key) ? `linux.sysctl.${key}` : `linux.sysctl["${key}"]`,
      { linux: { sysctl: { [key]: '1' } } },
    ] as const
  needs(t, 'network', [
    row('net.ipv4.ip_forward'),
    row('net/ipv4/conf/eth0.100/rp_filter'),
    row('net.core.somaxconn'),
  ])
  needs(t, 'ipc', [
    ...['msgmax', 'msgmnb', 'msgmni', 'sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced'].map(name =>
      row(`kernel.${name}`),
    ),
    row('fs.mqueue.queues_max'),
    row('kernel/shmmax'),
  ])
  refuses(
    t,
    [
      ...[
        'kernel.core_pattern',
        'kernel/core_pattern',
        'kernel.modprobe',
        'vm.overcommit_memory',
        'fs.suid_dumpable',
      ],
      ...[
        'kernel.hostname',
        'kernel/hostname',
        'user.max_user_namespaces',
        'net',
        'network.x',
        '',
        'constructor',
      ],
    ].map(row),
  )
})

t.test('nothing can be smuggled in with a parameter (C5)', async t => {
  const at = (key: string) => `linux.sysctl[${JSON.stringify(key)}]`
  const keys = [
    ...['net.ipv4.ip_forward=1', 'net.a+kernel.core_pattern', 'net.a\nkernel.b', 'net.a\0'],
    ...['net.ipv4/../../kernel/core_pattern', 'net/../kernel/core_pattern', 'net..a', 'net.a b'],
  ]
  refuses(
    t,
    keys.map(key => [at(key), { linux: { sysctl: { [key]: '1' } } }]),
  )
  refuses(
    t,
    ['1\n2', '1\0', '1\r', '\u001b]0;x', 'x'.repeat(4001), 1].map(value => [
      at('net.core.somaxconn'),
      { linux: { sysctl: { 'net.core.somaxconn': value } } },
    ]),
  )
  t.ok(read({ linux: { sysctl: { 'kernel.sem': '250\t32000 32' } } }))
})

t.test('a domain name is said once, or twice the same', async t => {
  const both = (value: string) => ({ domainname: 'd', linux: { sysctl: { 'kernel.domainname': value } } })
  t.ok(read(both('d')))
  refuses(t, [['linux.sysctl["kernel.domainname"]', both('e')]])
})

t.test('ids are mapped in a user namespace, and a new one has a map', async t => {
  const given = (namespaces: readonly unknown[], maps: Fields) => ({ linux: { namespaces, ...maps } })
  const maps = { uidMappings: MAP, gidMappings: MAP }
  t.ok(read(given([{ type: 'user' }], maps)))
  t.ok(read(given([{ type: 'user', path: '/ns' }], maps)), 'engines repeat the map of one that is joined')
  t.ok(read(given([{ type: 'user', path: '/ns' }], {})))
  t.ok(read(given([], { uidMappings: [], gidMappings: [] })))
  refuses(t, [
    ['linux.uidMappings', given([], maps)],
    ['linux.gidMappings', given([], { gidMappings: MAP })],
    ['linux.uidMappings', given([{ type: 'user' }], {})],
    ['linux.gidMappings', given([{ type: 'user' }], { uidMappings: MAP })],
    ['linux.uidMappings', given([{ type: 'user' }], { uidMappings: [], gidMappings: MAP })],
  ])
})

t.test('owners of a mount are mapped by its own maps or by those of a user namespace', async t => {
  const given = (mount: Fields, linux: Fields = {}) => ({
    mounts: [{ destination: '/a', source: '/b', ...mount }],
    linux,
  })
  const user = { namespaces: [{ type: 'user' }], uidMappings: MAP, gidMappings: MAP }
  for (const idmap of ['idmap', 'ridmap']) {
    const options = ['bind', idmap]
    t.ok(read(given({ options }, user)))
    t.ok(read(given({ options }, { namespaces: [{ type: 'user', path: '/ns' }] })))
    t.ok(read(given({ options, uidMappings: MAP, gidMappings: MAP })))
    refuses(t, [['mounts[0].options[1]', given({ options })]])
    refuses(t, [['mounts[0].options[0]', given({ options: [idmap, 'bind'] })]])
  }
})

t.test('clocks are set in a new time namespace only', async t => {
  const given = (namespaces: readonly unknown[]) => ({
    linux: { namespaces, timeOffsets: { boottime: { secs: 1 } } },
  })
  t.ok(read(given([{ type: 'time' }])))
  refuses(t, [
    ['linux.timeOffsets', given([])],
    ['linux.timeOffsets', given([{ type: 'time', path: '/ns' }])],
  ])
  t.ok(read({ linux: { namespaces: [], timeOffsets: {} } }))
})
