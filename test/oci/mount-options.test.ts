// Every option of a mount (runtime-spec, config.md, "Linux mount options"), read back in the container.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Json, MOUNTS } from './helpers/config.ts'
import { mountAt, mountLines } from './helpers/mount-table.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

/** Words of mountinfo that an option brings and takes; both kinds of access time but `noatime` show as nothing or `relatime`. */
const FLAGS: Readonly<Record<string, { readonly has?: string; readonly lacks?: string }>> = {
  ro: { has: 'ro', lacks: 'rw' },
  rw: { has: 'rw', lacks: 'ro' },
  nosuid: { has: 'nosuid' },
  suid: { lacks: 'nosuid' },
  nodev: { has: 'nodev' },
  dev: { lacks: 'nodev' },
  noexec: { has: 'noexec' },
  exec: { lacks: 'noexec' },
  nodiratime: { has: 'nodiratime' },
  diratime: { lacks: 'nodiratime' },
  nosymfollow: { has: 'nosymfollow' },
  symfollow: { lacks: 'nosymfollow' },
  noatime: { has: 'noatime', lacks: 'relatime' },
  relatime: { has: 'relatime', lacks: 'noatime' },
  atime: { lacks: 'noatime' },
  strictatime: { lacks: 'relatime' },
  norelatime: { lacks: 'noatime' },
  nostrictatime: { has: 'relatime' },
}

const problems = (line: { readonly options: readonly string[] }, flag: string): readonly string[] => {
  const { has, lacks } = FLAGS[flag] ?? {}
  const { options } = line
  return [
    ...(has !== undefined && !options.includes(has) ? [`${flag}: no ${has} in ${options}`] : []),
    ...(lacks !== undefined && options.includes(lacks) ? [`${flag}: ${lacks} in ${options}`] : []),
  ]
}

/** What is mounted in a container with these mounts beside the usual ones. */
const mountTable = async ({ run }: Oci, mounts: readonly Json[]): Promise<string> => {
  const { stdout, stderr, status } = await run({
    process: { args: ['/bin/probe', 'mountinfo'] },
    mounts: [...MOUNTS, ...mounts],
  })
  if (status === 0) return stdout
  throw new Error(stderr)
}

const OPPOSITE: Readonly<Record<string, string>> = {
  rw: 'ro',
  suid: 'nosuid',
  dev: 'nodev',
  exec: 'noexec',
  diratime: 'nodiratime',
  symfollow: 'nosymfollow',
  atime: 'noatime',
  relatime: 'noatime',
}

await test('every flag of a new file system, alone and after its opposite', {
  shows: ['mounts[].{options,destination,type}'],
}, async oci => {
  const flags = Object.keys(FLAGS)
  const mounts = flags.map(flag => ({
    destination: `/m/${flag}`,
    type: 'tmpfs',
    source: 'tmpfs',
    options: [...(flag in OPPOSITE ? [OPPOSITE[flag]] : []), flag],
  }))
  const table = await mountTable(oci, mounts)
  oci.t.same(
    flags.flatMap(flag => problems(mountAt(table, `/m/${flag}`), flag)),
    [],
  )
})

await test('every flag of a bind mount; the source keeps its own', {
  shows: ['mounts[].{options,source}'],
}, async oci => {
  const { t, dir } = oci
  const source = join(dir, 'source')
  mkdirSync(source)
  const flags = Object.keys(FLAGS)
  const mounts = flags.map(flag => ({
    destination: `/m/${flag}`,
    type: 'bind',
    source,
    options: ['bind', flag],
  }))
  const table = await mountTable(oci, mounts)
  t.same(
    flags.flatMap(flag => problems(mountAt(table, `/m/${flag}`), flag)),
    [],
  )
  writeFileSync(join(source, 'file'), '')
})

/** A directory of the host with another file system below it, which goes when the body is done. */
const withTree = async ({ dir }: Oci, body: (tree: string) => Promise<void>): Promise<void> => {
  const tree = join(dir, 'tree')
  mkdirSync(tree)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'top', tree])
  try {
    mkdirSync(join(tree, 'below'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'sub', join(tree, 'below')])
    await body(tree)
  } finally {
    execFileSync('umount', ['--recursive', '--lazy', tree])
  }
}

await test(
  'flags with an r hold for all that lies below; those without for the mount alone',
  { shows: ['mounts[].options'] },
  oci =>
    withTree(oci, async source => {
      const flags = Object.keys(FLAGS)
      const mounts = flags.flatMap(flag => [
        { destination: `/r/${flag}`, type: 'none', source, options: ['rbind', `r${flag}`] },
        { destination: `/m/${flag}`, type: 'none', source, options: ['rbind', flag] },
      ])
      const table = await mountTable(oci, mounts)
      const at = (path: string) => mountAt(table, path)
      oci.t.same(
        flags.flatMap(flag =>
          [at(`/r/${flag}`), at(`/r/${flag}/below`)].flatMap(line => problems(line, flag)),
        ),
        [],
      )
      const setting = ['ro', 'nosuid', 'nodev', 'noexec', 'nodiratime', 'nosymfollow', 'noatime']
      for (const flag of setting) {
        oci.t.same(problems(at(`/m/${flag}`), flag), [])
        oci.t.not(problems(at(`/m/${flag}/below`), flag).length, 0, `${flag} stays above`)
      }
    }),
)

await test('bind takes one mount, rbind all below', { shows: ['mounts[].options'] }, oci =>
  withTree(oci, async source => {
    const table = await mountTable(oci, [
      { destination: '/one', source, options: ['bind'] },
      { destination: '/all', source, options: ['rbind'] },
    ])
    const targets = mountLines(table).map(({ target }) => target)
    oci.t.same(
      targets.filter(target => /^\/(one|all)/.test(target)),
      ['/one', '/all', '/all/below'],
    )
  }),
)

await test(
  'rro is read-only where it is looked at, not only in the table',
  { shows: ['mounts[].options'] },
  oci =>
    withTree(oci, async source => {
      const script =
        'for d in /r /r/below; do touch $d/x 2>/dev/null && echo written $d; done; touch /w/below/x && echo wrote'
      const mounts = [
        ...MOUNTS,
        { destination: '/r', source, options: ['rbind', 'rro'] },
        { destination: '/w', source, options: ['rbind', 'ro'] },
      ]
      oci.t.equal(await oci.script(script, { mounts }), 'wrote\n')
    }),
)

await test('flags of the whole file system', { shows: ['mounts[].options'] }, async oci => {
  const flags = [
    'sync',
    'dirsync',
    'lazytime',
    'mand',
    'async',
    'nolazytime',
    'nomand',
    'defaults',
    'silent',
    'loud',
    'noiversion',
  ]
  const mounts = flags.map(flag => ({
    destination: `/m/${flag}`,
    type: 'tmpfs',
    source: 'tmpfs',
    options: [flag],
  }))
  const table = await mountTable(oci, mounts)
  for (const flag of ['sync', 'dirsync', 'lazytime'])
    oci.t.ok(mountAt(table, `/m/${flag}`).superOptions.includes(flag), flag)
  for (const flag of ['async', 'nolazytime', 'defaults', 'silent', 'loud'])
    oci.t.notOk(
      mountAt(table, `/m/${flag}`).superOptions.some(word => ['sync', 'lazytime'].includes(word)),
      flag,
    )
})

await test('all else goes to the file system, which refuses what it does not know', {
  shows: ['mounts[].options'],
}, async oci => {
  const { t, script, refusal } = oci
  const tmpfs = (options: readonly string[]) => [
    ...MOUNTS,
    { destination: '/m', type: 'tmpfs', source: 'here', options },
  ]
  const text = await script('stat -c %a /m; stat -f -c "%b %S" /m; grep " /m " /proc/mounts', {
    mounts: tmpfs(['size=1m', 'mode=1711', 'uid=7', 'gid=8', 'nr_inodes=5']),
  })
  t.match(text, /^1711\n256 4096\nhere \/m tmpfs rw,relatime,size=1024k,nr_inodes=5,mode=1711,uid=7,gid=8/)
  t.match(await refusal({ mounts: tmpfs(['colour=red']) }), /mounts\[3\]: .*colour/)
  t.match(await refusal({ mounts: tmpfs(['size=many']) }), /mounts\[3\]: /)
})

await test('tmpcopyup: the new file system begins with what the directory held', {
  shows: ['mounts[].options'],
}, async ({ t, id, bundle, tsbox }) => {
  const name = id()
  const look =
    'cd /data; ls -l | sed 1d; cat file; stat -c "%a %u:%g" . file sub/deep link; touch new; echo changed > file'
  const { dir, rootfs } = bundle(name, {
    process: { args: ['/bin/busybox', 'sh', '-euc', look] },
    mounts: [
      ...MOUNTS,
      { destination: '/data', type: 'tmpfs', source: 'tmpfs', options: ['tmpcopyup', 'nosuid'] },
    ],
  })
  const data = join(rootfs, 'data')
  mkdirSync(join(data, 'sub'), { recursive: true })
  writeFileSync(join(data, 'file'), 'text\n')
  writeFileSync(join(data, 'sub', 'deep'), 'deep\n')
  execFileSync(
    'sh',
    [
      '-euc',
      'chown 5:6 file; chmod 4751 file; chmod 1770 .; chown 3:4 .; ln -s file link; chmod 600 sub/deep',
    ],
    { cwd: data },
  )
  const { stdout, stderr, status } = await tsbox(['run', '--bundle', dir, name])
  t.same([stderr, status], ['', 0])
  t.match(stdout, /link -> file/)
  t.match(stdout, /^text$/m)
  t.match(stdout, /1770 3:4\n4751 5:6\n600 0:0\n777 0:0\n$/)
  t.equal(
    execFileSync('cat', [join(data, 'file')]).toString(),
    'text\n',
    'the directory itself stays as it was',
  )
})
