import { type BoxInput, parseBox } from '@tsbox/spec'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { etcFiles } from '../src/etc-files.ts'

const files = (input: Partial<BoxInput> = {}): Record<string, string> =>
  Object.fromEntries(
    etcFiles(parseBox({ args: ['sh'], ...input })).flatMap(op =>
      op.op === 'makeFile' ? [[String(op.path), String(op.data)]] : [],
    ),
  )

t.test('the accounts of a box are root, nobody and its user, never those of the host', async t => {
  const { '/etc/passwd': root, '/etc/group': rootGroup } = files()
  t.equal(root, 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n')
  t.equal(rootGroup, 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n')
  const { '/etc/passwd': user = '', '/etc/group': group = '' } = files({ user: { uid: 1000, gid: 1001 } })
  t.ok(user.endsWith('user:x:1000:1001:user:/:/bin/sh\n'))
  t.ok(group.endsWith('user:x:1001:\n'))
})

t.test('no number has two names', async t => {
  holds(
    t,
    fc.property(fc.constantFrom(0, 5, 1000, 65534), fc.constantFrom(0, 5, 1000, 65534), (uid, gid) => {
      const { '/etc/passwd': passwd = '', '/etc/group': group = '' } = files({ user: { uid, gid } })
      const ids = (text: string) =>
        text
          .trim()
          .split('\n')
          .map(line => line.split(':')[2])
      const names = (text: string) =>
        text
          .trim()
          .split('\n')
          .map(line => line.split(':')[0])
      const fine = (list: unknown[]) => new Set(list).size === list.length
      return (
        [ids(passwd), ids(group), names(passwd), names(group)].every(fine) &&
        ids(passwd).includes(String(uid)) &&
        ids(group).includes(String(gid))
      )
    }),
  )
})

t.test('a box knows itself by name', async t => {
  const made = files({ hostname: 'web-1' })
  t.equal(made['/etc/hostname'], 'web-1\n')
  t.equal(
    made['/etc/hosts'],
    '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\tweb-1\n',
  )
  t.equal(files({ hostname: 'localhost' })['/etc/hosts']?.match(/localhost$/gm)?.length, 1)
})

t.test('a host name cannot bring a line of its own into /etc/hosts', async t => {
  for (const hostname of ['a\n6.6.6.6 bank.example', 'a\t6.6.6.6', 'a b', 'a\r', 'a\0']) {
    t.throws(
      () => files({ hostname }),
      { code: 'ERR_TSBOX_SPEC', step: 'hostname' },
      JSON.stringify(hostname),
    )
  }
  holds(
    t,
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '1', '-', '.', '\n', '\t', ' ', ':', '#'), maxLength: 9 }),
      hostname => {
        try {
          const made = files({ hostname })
          return made['/etc/hosts']?.split('\n').length === 4 && made['/etc/hostname'] === `${hostname}\n`
        } catch {
          return !/^[a1]+$/.test(hostname)
        }
      },
    ),
  )
})

t.test('whether a box has name servers follows from its network', async t => {
  t.equal(files()['/etc/resolv.conf'], '# This box has no network.\n')
  t.notOk('/etc/resolv.conf' in files({ network: 'host' }))
})

t.test('every file can be read by every user of the box and written by root only', async t => {
  for (const op of etcFiles(parseBox({ args: ['sh'] }))) t.match(op, { mode: 0o644 })
})
