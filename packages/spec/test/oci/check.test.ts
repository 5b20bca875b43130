import t from 'tap'
import { parseConfig, parseResources } from '../../src/index.ts'
import { document, read, withMount, withProcess, withResources } from './documents.ts'

t.test('an error says what is wrong with the value, and what to write instead', async t => {
  for (const [changes, message, hint] of [
    [withProcess({ oomScoreAdj: '5' }), 'process.oomScoreAdj: "5" is not a number', /-1000 to 1000/],
    [withProcess({ oomScoreAdj: 1.5 }), 'process.oomScoreAdj: 1.5 is not a whole number', /-1000 to 1000/],
    [withProcess({ oomScoreAdj: 1001 }), 'process.oomScoreAdj: 1001 is out of range', /-1000 to 1000/],
    [withProcess({ terminal: 'yes' }), 'process.terminal: "yes" is not a boolean', /true or false/],
    [withProcess({ args: {} }), 'process.args: an object is not a list', /square brackets/],
    [withProcess({ cwd: ['/'] }), 'process.cwd: a list is not a string', /double quotes/],
    [{ root: [] }, 'root: a list is not an object', /curly braces/],
    [{ root: {} }, 'root.path: is missing', /requires/],
    [{ root: { path: 'a\0' } }, 'root.path: "a\\u0000" has a NUL byte in it', /u0000/],
    [{ hostname: 'a\n' }, 'hostname: "a\\n" has a control character in it', /64 bytes/],
    [{ hostname: 'ä'.repeat(33) }, `hostname: "${'ä'.repeat(33)}" is longer than 64 bytes`, /64 bytes/],
    [{ ociVersion: '2.0.0' }, /^ociVersion: "2.0.0" is of a specification that is not known$/, /below 2/],
    [{ ociVersion: '1' }, /^ociVersion: "1" is not a version/, /1\.2\.0/],
    [
      withMount({ destination: '/', type: 'tmpfs' }),
      'mounts[0].destination: "/" is the root itself',
      /root\.path/,
    ],
    [
      { linux: { devices: [{ type: 'p', path: '/a/' }] } },
      'linux.devices[0].path: "/a/" names no file',
      /fuse/,
    ],
    [
      withResources({ hugepageLimits: [{ pageSize: '2M', limit: 1 }] }),
      'linux.resources.hugepageLimits[0].pageSize: "2M" is no size of a huge page',
      /2MB/,
    ],
    [
      { linux: { personality: { domain: 'BSD' } } },
      'linux.personality.domain: "BSD" is not known',
      /one of LINUX, LINUX32/,
    ],
  ] as const) {
    t.throws(
      () => parseConfig(document(changes)),
      { code: 'ERR_TSBOX_CONFIG', message, hint },
      String(message),
    )
  }
})

t.test('a long value is cut in the message, and stays on one line', async t => {
  t.throws(() => parseConfig(document({ hostname: `${'x'.repeat(100)}\n` })), {
    message: `hostname: "${'x'.repeat(80)}…" has a control character in it`,
  })
})

t.test('a number of 64 bits is a number where that is exact', async t => {
  const shares = (value: unknown) =>
    read(withResources({ cpu: { shares: value } })).linux.resources?.cpu?.shares
  t.equal(shares(9007199254740991), 9007199254740991)
  t.equal(shares(9007199254740992n), 9007199254740992n)
  t.ok(Object.is(shares(-0), 0))
  for (const text of ['1e18', '9007199254740994.5', '1e400'])
    t.throws(
      () => parseResources(`{"cpu": {"shares": ${text}}}`),
      { code: 'ERR_TSBOX_CONFIG', step: 'cpu.shares', message: /is not (exact|a whole number)$/ },
      text,
    )
})
