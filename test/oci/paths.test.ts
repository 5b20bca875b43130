// What a container shall not see or not change: maskedPaths and readonlyPaths.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Json, NAMESPACES } from './helpers/config.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

/** A script in a root with a secret file and directory, and links to both. */
const inRoot = async ({ id, bundle, tsbox, t }: Oci, script: string, linux: Json): Promise<string> => {
  const name = id()
  const { dir, rootfs } = bundle(name, { process: { args: ['/bin/sh', '-c', script] }, linux })
  mkdirSync(join(rootfs, 'tree', 'sub'), { recursive: true })
  writeFileSync(join(rootfs, 'file'), 'secret\n')
  writeFileSync(join(rootfs, 'tree', 'sub', 'file'), 'deep\n')
  symlinkSync('file', join(rootfs, 'link'))
  symlinkSync('/tree', join(rootfs, 'treelink'))
  const { stdout, stderr, status } = await tsbox(['run', '--bundle', dir, name])
  t.equal(readFileSync(join(rootfs, 'file'), 'utf8'), 'secret\n')
  if (status !== 0) throw new Error(stderr)
  return stdout
}

await test('masked files and directories are empty and stay so', {
  shows: ['linux.maskedPaths'],
}, async oci => {
  const { t } = oci
  const maskedPaths = [
    '/file',
    '/tree',
    '/proc/version',
    '/proc/sys',
    '/missing',
    '/missing/too',
    '/file',
    '/file/below',
  ]
  const script =
    'cat /file /proc/version; ls /tree /proc/sys; echo x >/tree/new || echo refused; stat -c "%F %t,%T" /file; echo gone >/file'
  t.equal(
    await inRoot(oci, script, { maskedPaths }),
    '/proc/sys:\n\n/tree:\nrefused\ncharacter special file 1,3\n',
  )
})

await test('a mask on a link covers what it leads to', { shows: ['linux.maskedPaths'] }, async oci => {
  const script = 'cat /file /link; ls /tree /treelink/; echo end'
  oci.t.equal(
    await inRoot(oci, script, { maskedPaths: ['/link', '/treelink'] }),
    '/tree:\n\n/treelink/:\nend\n',
  )
})

await test('read-only paths can be read and not written, with all below', {
  shows: ['linux.readonlyPaths'],
}, async oci => {
  const { t } = oci
  const script =
    'cat /file /tree/sub/file; for f in /file /tree/sub/file /tree/new /proc/sys/kernel/shmmax; do echo x >$f && echo wrote $f; done; echo x >/other && echo end'
  const readonlyPaths = ['/file', '/tree', '/proc/sys', '/missing', '/file', '/tree/sub']
  t.equal(await inRoot(oci, script, { readonlyPaths }), 'secret\ndeep\nend\n')
  t.equal(
    await inRoot(oci, 'echo x >/file || echo refused; echo x >/tree/x || echo too', {
      readonlyPaths: ['/link', '/treelink'],
    }),
    'refused\ntoo\n',
  )
})

await test('a path may be both', { shows: ['linux.{maskedPaths,readonlyPaths}'] }, async oci => {
  const both = { maskedPaths: ['/tree/sub'], readonlyPaths: ['/tree'] }
  oci.t.equal(
    await inRoot(oci, 'ls /tree /tree/sub; echo x >/tree/x || echo refused', both),
    '/tree:\nsub\n\n/tree/sub:\nrefused\n',
  )
})

await test('they are absolute, and need a mount namespace', {
  shows: ['linux.{maskedPaths,readonlyPaths}'],
}, async ({ t, refusal }) => {
  for (const field of ['maskedPaths', 'readonlyPaths']) {
    t.match(
      await refusal({ linux: { [field]: ['/ok', 'relative'] } }),
      new RegExp(`linux\\.${field}\\[1\\]: .*absolute`),
    )
    const namespaces = NAMESPACES.filter(({ type }) => type !== 'mount')
    t.match(await refusal({ linux: { namespaces, [field]: ['/ok'] } }), /mount namespace/)
  }
})
