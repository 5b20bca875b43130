// Mounts that show other owners than the files have.
import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { type Json, MOUNTS, NAMESPACES } from './helpers/config.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

const map = (containerID: number, hostID: number, size: number): Json => ({ containerID, hostID, size })

const [major = 0, minor = 0] = release().split('.').map(Number)
/** What the files lie on. */
const skip = major * 100 + minor < 603 && 'owners on a tmpfs can be mapped since Linux 6.3'

/** A file system of the host with another one below; both hold a file of root and one of user 7. */
const withFiles = async ({ dir }: Oci, body: (tree: string) => Promise<void>): Promise<void> => {
  const tree = join(dir, 'tree')
  mkdirSync(tree)
  const mount = (place: string) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=777', 'scratch', place])
    for (const [name, owner] of [
      ['root', 0],
      ['seven', 7],
    ] as const) {
      writeFileSync(join(place, name), '')
      chownSync(join(place, name), owner, owner)
    }
  }
  mount(tree)
  try {
    mkdirSync(join(tree, 'below'))
    mount(join(tree, 'below'))
    await body(tree)
  } finally {
    execFileSync('umount', ['--recursive', '--lazy', tree])
  }
}

const OWNERS = 'for f in /t/root /t/seven /t/below/root; do stat -c "%u:%g" $f; done'

await test(
  'idmap maps the owners of one mount, ridmap of all below',
  { skip, shows: ['mounts[].{uidMappings,gidMappings}[].{containerID,hostID,size}', 'mounts[].options'] },
  oci =>
    withFiles(oci, async source => {
      const { t, script } = oci
      const mapped = (options: readonly string[]): Json => ({
        mounts: [
          ...MOUNTS,
          {
            destination: '/t',
            source,
            options,
            uidMappings: [map(0, 1000, 5), map(7, 0, 1)],
            gidMappings: [map(0, 2000, 10)],
          },
        ],
      })
      t.equal(await script(OWNERS, mapped(['rbind', 'idmap'])), '1000:2000\n0:2007\n0:0\n')
      t.equal(await script(OWNERS, mapped(['rbind', 'ridmap'])), '1000:2000\n0:2007\n1000:2000\n')
      t.equal(
        await script(OWNERS, mapped(['rbind'])),
        '1000:2000\n0:2007\n0:0\n',
        'mappings alone mean idmap',
      )
    }),
)

await test(
  'what a mapped user makes belongs to whom the map says',
  { skip, shows: ['mounts[].uidMappings[].hostID'] },
  oci =>
    withFiles(oci, async source => {
      const { t, script } = oci
      const mounts = [
        ...MOUNTS,
        {
          destination: '/t',
          source,
          options: ['bind', 'idmap'],
          uidMappings: [map(0, 0, 1), map(3, 1000, 1)],
          gidMappings: [map(0, 0, 1), map(4, 1000, 1)],
        },
      ]
      await script('touch /t/new', { mounts, process: { user: { uid: 1000, gid: 1000 }, capabilities: {} } })
      const { uid, gid } = statSync(join(source, 'new'))
      t.same([uid, gid], [3, 4])
      t.same(readdirSync(source).sort(), ['below', 'new', 'root', 'seven'])
    }),
)

await test(
  "without maps of its own an idmap mount has the container's",
  { skip, shows: ['mounts[].options', 'linux.{uidMappings,gidMappings}[].{containerID,hostID,size}'] },
  oci =>
    withFiles(oci, async source => {
      const { t, id, bundle, tsbox } = oci
      const name = id()
      const made = bundle(name, {
        process: { args: ['/bin/sh', '-euc', OWNERS] },
        mounts: [...MOUNTS, { destination: '/t', source, options: ['rbind', 'idmap'] }],
        linux: {
          namespaces: [...NAMESPACES, { type: 'user' }],
          uidMappings: [map(0, 100_000, 1000)],
          gidMappings: [map(0, 200_000, 1000)],
        },
      })
      execFileSync('chown', ['-R', '100000:200000', made.rootfs])
      t.match(await tsbox(['run', '--bundle', made.dir, name]), {
        stderr: '',
        stdout: '0:0\n7:7\n65534:65534\n',
        status: 0,
      })
    }),
)

await test('maps that cannot be are refused', { shows: ['mounts[].uidMappings[].size'] }, async ({
  t,
  dir,
  refusal,
}) => {
  const bind = (over: Json) =>
    refusal({ mounts: [...MOUNTS, { destination: '/t', source: dir, options: ['bind', 'idmap'], ...over }] })
  t.match(await bind({}), /mounts\[3\]\.options\[1\]: "idmap" has nothing to map by/)
  t.match(
    await bind({ uidMappings: [map(0, 0, 0)], gidMappings: [map(0, 0, 1)] }),
    /mounts\[3\]\.uidMappings\[0\]\.size/,
  )
  t.match(await bind({ uidMappings: [map(0, 0, 1)] }), /mounts\[3\]\.gidMappings: is missing/)
  const proc = await refusal({
    mounts: [
      ...MOUNTS,
      {
        destination: '/t',
        type: 'tmpfs',
        source: 'x',
        uidMappings: [map(0, 1, 1)],
        gidMappings: [map(0, 1, 1)],
      },
    ],
  })
  t.match(proc, /mounts\[3\]\.uidMappings: owners can be mapped of bind mounts only/)
})
