// Which mount events travel between a container and its host, seen with real mounts that are made while it runs.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { MOUNTS } from './helpers/config.ts'
import { mountAt } from './helpers/mount-table.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

const sh = (...words: readonly string[]) => execFileSync(words[0] ?? '', words.slice(1), { stdio: 'pipe' })

/** A mount of the host with this propagation, and directories in it to mount at. */
const withHostMount = async (
  { dir }: Oci,
  kind: string,
  body: (tree: string) => Promise<void>,
): Promise<void> => {
  const tree = join(dir, 'tree')
  mkdirSync(tree)
  sh('mount', '-t', 'tmpfs', 'scratch', tree)
  try {
    sh('mount', '--make-private', tree)
    sh('mount', `--make-${kind}`, tree)
    for (const name of ['from-host', 'from-inside', 'before']) mkdirSync(join(tree, name))
    sh('mount', '-t', 'tmpfs', 'before', join(tree, 'before'))
    await body(tree)
  } finally {
    sh('umount', '--recursive', '--lazy', tree)
  }
}

const CAPABILITIES = ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE']
const mounting = {
  noNewPrivileges: true,
  capabilities: { bounding: CAPABILITIES, permitted: CAPABILITIES, effective: CAPABILITIES },
}

/** Option, tags the mount has in the container, whether it hears of the host's mounts, and the host of its. */
const KINDS: readonly (readonly [string, RegExp, boolean, boolean])[] = [
  ['private', /^$/, false, false],
  ['rprivate', /^$/, false, false],
  ['slave', /^master:\d+$/, true, false],
  ['rslave', /^master:\d+$/, true, false],
  ['shared', /^shared:\d+$/, true, true],
  ['rshared', /^shared:\d+$/, true, true],
  ['unbindable', /^unbindable$/, false, false],
  ['runbindable', /^unbindable$/, false, false],
]

for (const [kind, tags, hears, tells] of KINDS) {
  await test(
    `${kind}: ${hears ? 'hears' : 'does not hear'} of mounts of the host`,
    { shows: ['mounts[].options'] },
    oci =>
      withHostMount(oci, 'shared', async tree => {
        const { t, start, tsbox } = oci
        const mounts = [...MOUNTS, { destination: '/t', source: tree, options: ['rbind', kind] }]
        const { id, exec } = await start({ process: mounting, mounts })
        sh('mount', '-t', 'tmpfs', 'later', join(tree, 'from-host'))
        const cap = ['--cap', 'CAP_SYS_ADMIN']
        await tsbox(['exec', ...cap, id, 'mount', '-t', 'tmpfs', 'inside', '/t/from-inside'])
        const { stdout } = await exec(['/bin/probe', 'mountinfo'])
        t.match(mountAt(stdout, '/t').tags.join(' '), tags)
        t.equal(/\/t\/from-host .* - tmpfs later/.test(stdout), hears, 'what the host mounted')
        t.match(stdout, /\/t\/from-inside .* - tmpfs inside/)
        t.match(stdout, /\/t\/before /, 'what was there before')
        t.match(
          mountAt(stdout, '/t/before').tags.join(' '),
          kind.startsWith('r') ? tags : /^(master|shared|unbindable|$)/,
        )
        t.equal(
          /from-inside .* - tmpfs inside/.test(String(sh('cat', '/proc/self/mountinfo'))),
          tells,
          'what the container mounted',
        )
      }),
  )
}

await test('without a word nothing travels, whatever the host has', { shows: ['mounts[].options'] }, oci =>
  withHostMount(oci, 'shared', async tree => {
    const { t, start } = oci
    const { exec } = await start({
      mounts: [...MOUNTS, { destination: '/t', source: tree, options: ['rbind'] }],
    })
    sh('mount', '-t', 'tmpfs', 'later', join(tree, 'from-host'))
    const { stdout } = await exec(['/bin/probe', 'mountinfo'])
    t.same(mountAt(stdout, '/t').tags, [])
    t.notMatch(stdout, /from-host/)
  }),
)

await test('two kinds at once are refused', { shows: ['mounts[].options'] }, async ({ t, dir, refusal }) => {
  const mounts = [...MOUNTS, { destination: '/t', source: dir, options: ['rbind', 'rslave', 'rshared'] }]
  t.match(await refusal({ mounts }), /mounts\[3\]\.options\[2\]: shared contradicts slave/)
})

for (const [kind, tags, hears] of [
  ['private', /^$/, false],
  ['rprivate', /^$/, false],
  ['slave', /^master:\d+$/, true],
  ['rslave', /^master:\d+$/, true],
  ['shared', /^(shared:\d+)( master:\d+)?$/, true],
  ['rshared', /^(shared:\d+)( master:\d+)?$/, true],
  ['unbindable', /^unbindable$/, false],
  ['runbindable', /^unbindable$/, false],
] as const) {
  await test(`rootfsPropagation ${kind}`, { shows: ['linux.rootfsPropagation'] }, oci =>
    withHostMount(oci, 'shared', async tree => {
      const { t, id, bundle, ok, tsbox } = oci
      const name = id()
      const { rootfs } = bundle(name)
      sh('cp', '-a', `${rootfs}/.`, tree)
      const made = bundle(name, { root: { path: tree }, linux: { rootfsPropagation: kind } })
      await ok(['run', '--detach', '--bundle', made.dir, name])
      sh('mount', '-t', 'tmpfs', 'later', join(tree, 'from-host'))
      const { stdout } = await tsbox(['exec', name, '/bin/probe', 'mountinfo'])
      t.match(mountAt(stdout, '/').tags.join(' '), tags)
      t.equal(/\/from-host .* - tmpfs later/.test(stdout), hears)
    }),
  )
}

await test('an unknown kind of propagation is refused', { shows: ['linux.rootfsPropagation'] }, async ({
  t,
  refusal,
}) => {
  t.match(
    await refusal({ linux: { rootfsPropagation: 'open' } }),
    /linux\.rootfsPropagation: "open" is not known/,
  )
})
