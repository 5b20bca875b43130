// Interfaces of the host that move into a container. The host here is a network namespace of the test's own.
import { NAMESPACES } from './helpers/config.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

/** A host with a cable: `one` has addresses and is up, `two` is down, and their other ends stay. */
const HOST = `
ip link set lo up
ip link add one type veth peer name one-end; ip link add two type veth peer name two-end
ip link set one-end up; ip link set one up
ip address add 192.0.2.7/24 dev one; ip address add 198.51.100.1/32 dev one
ip -6 address add 2001:db8::7/64 dev one nodad`

/** Runs a container there, and prints the interfaces the host has left. */
const inHost = ({ tsbox, bundle, id }: Oci, netDevices: object, script: string) => {
  const name = id()
  const { dir } = bundle(name, { process: { args: ['/bin/sh', '-euc', script] }, linux: { netDevices } })
  const before = [
    'unshare',
    '-n',
    'sh',
    '-euc',
    `${HOST}\ncode=0; "$@" || code=$?; ip -brief link >&2; exit $code`,
    'sh',
  ]
  return tsbox(['run', '--bundle', dir, name], { before })
}

const LOOK = 'for i in one two new0 two-end; do busybox ip address show dev $i 2>/dev/null || true; done'

await test('an interface comes with its name, its addresses, and up if it was', {
  shows: ['linux.netDevices.*.name'],
}, async oci => {
  const { status, stdout, stderr } = await inHost(oci, { one: {}, two: {} }, LOOK)
  oci.t.equal(status, 0, stderr)
  oci.t.match(stdout, /: one[@:].*<[^>]*\bUP\b/)
  oci.t.match(stdout, /inet 192\.0\.2\.7\/24 .*one/)
  oci.t.match(stdout, /inet 198\.51\.100\.1\/32/)
  oci.t.match(stdout, /inet6 2001:db8::7\/64 scope global/)
  oci.t.match(stdout, /: two[@:]/)
  oci.t.notMatch(stdout, /: two[@:].*<[^>]*\bUP\b/)
  oci.t.notMatch(stdout, /two-end.*mtu/, 'the other end stays')
  oci.t.notMatch(stderr, /^one@/m, 'the host has it no more')
})

await test('an interface gets another name', { shows: ['linux.netDevices.*.name'] }, async oci => {
  const { stdout, stderr } = await inHost(oci, { one: { name: 'new0' } }, LOOK)
  oci.t.match(stdout, /: new0[@:].*\bUP\b/, stderr)
  oci.t.match(stdout, /inet 192\.0\.2\.7\/24 .*new0/)
  oci.t.notMatch(stdout, /: one[@:]/)
})

await test('a name may be a template, which the kernel fills in', {
  shows: ['linux.netDevices.*.name'],
}, async oci => {
  const { status, stdout, stderr } = await inHost(oci, { one: { name: 'new%d' } }, LOOK)
  oci.t.equal(status, 0, stderr)
  oci.t.match(stdout, /: new0[@:].*\bUP\b/)
  oci.t.match(stdout, /inet 192\.0\.2\.7\/24 .*new0/)
})

await test('an interface that is not there, or that cannot go, is an error, and the others stay', {
  shows: ['linux.netDevices.*.name'],
}, async oci => {
  const { t, refusal } = oci
  const missing = await inHost(oci, { one: {}, missing: {} }, LOOK)
  t.same([missing.status, missing.stdout], [1, ''])
  t.match(missing.stderr, /linux\.netDevices(\["missing"\]|\.missing): there is no such interface/)
  t.match(missing.stderr, /^one@one-end +UP/m)
  const taken = await inHost(oci, { one: { name: 'lo' } }, LOOK)
  t.equal(taken.status, 1)
  t.match(taken.stderr, /linux\.netDevices/)
  t.match(await refusal({ linux: { netDevices: { one: { name: 'a/b' } } } }), /linux\.netDevices\.one\.name/)
  const namespaces = NAMESPACES.filter(({ type }) => type !== 'network')
  t.match(
    await refusal({ linux: { namespaces, netDevices: { one: {} } } }),
    /linux\.netDevices: .*network namespace/,
  )
})
