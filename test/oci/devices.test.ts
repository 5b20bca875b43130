// Devices of a configuration, and which of them may be used.
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { detectHost } from '../../packages/cgroups/src/index.ts'
import { type Json, MOUNTS } from './helpers/config.ts'
import { type Oci, ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

await test('every container has the usual devices and links', { shows: ['linux.devices[].path'] }, async ({
  t,
  script,
}) => {
  const text = await script(
    'for f in null zero full random urandom tty; do stat -c "%n %F %t,%T %a %u:%g" /dev/$f; done; for f in fd stdin stdout stderr ptmx; do busybox readlink /dev/$f; done',
  )
  const nodes = [
    ['null', '1,3'],
    ['zero', '1,5'],
    ['full', '1,7'],
    ['random', '1,8'],
    ['urandom', '1,9'],
    ['tty', '5,0'],
  ]
  const links = ['/proc/self/fd', '/proc/self/fd/0', '/proc/self/fd/1', '/proc/self/fd/2', 'pts/ptmx']
  t.equal(
    text,
    [
      ...nodes.map(([name, number]) => `/dev/${name} character special file ${number} 666 0:0`),
      ...links,
      '',
    ].join('\n'),
  )
})

await test('devices of the configuration, wherever they are and whatever they belong to', {
  shows: ['linux.devices[].{type,path,major,minor,fileMode,uid,gid}'],
}, async ({ t, script, refusal }) => {
  const devices = [
    { path: '/dev/ours', type: 'c', major: 10, minor: 229, fileMode: 0o640, uid: 7, gid: 8 },
    { path: '/dev/sub/block', type: 'b', major: 7, minor: 3, fileMode: 0o600 },
    { path: '/srv/pipe', type: 'p', fileMode: 0o622, uid: 1 },
    { path: '/dev/unbuffered', type: 'u', major: 1, minor: 3 },
    { path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o600 },
    { path: '/dev/masked', type: 'c', major: 1, minor: 5, fileMode: 0o20666 },
  ]
  const text = await script(
    'stat -c "%F %t,%T %a %u:%g" /dev/ours /dev/sub/block /srv/pipe /dev/unbuffered /dev/null /dev/masked',
    { linux: { devices } },
  )
  t.equal(
    text,
    [
      'character special file a,e5 640 7:8',
      'block special file 7,3 600 0:0',
      'fifo 0,0 622 1:0',
      'character special file 1,3 666 0:0',
      'character special file 1,3 600 0:0',
      'character special file 1,5 666 0:0',
      '',
    ].join('\n'),
  )
  for (const [device, field] of [
    [{ path: 'relative', type: 'c', major: 1, minor: 3 }, 'path'],
    [{ path: '/dev/x', type: 'q', major: 1, minor: 3 }, 'type'],
    [{ path: '/dev/x', type: 'c', minor: 3 }, 'major'],
    [{ path: '/dev/x', type: 'c', major: 1 }, 'minor'],
    [{ path: '/dev/x', type: 'c', major: 1, minor: 3, fileMode: 0o77777777 }, 'fileMode'],
  ] as const)
    t.match(await refusal({ linux: { devices: [device] } }), new RegExp(`linux\\.devices\\[0\\]\\.${field}`))
})

await test('a device whose place is taken by something else is an error', {
  shows: ['linux.devices[].path'],
}, async ({ t, id, bundle, fails, refusal }) => {
  t.match(
    await refusal({ linux: { devices: [{ path: '/bin/sh', type: 'c', major: 1, minor: 3 }] } }),
    /linux\.devices: /,
  )
  const name = id()
  const made = bundle(name, {
    mounts: [MOUNTS[0]],
    linux: { devices: [{ path: '/dev/x', type: 'c', major: 1, minor: 3 }] },
  })
  symlinkSync('/tmp', join(made.rootfs, 'dev'))
  t.match(await fails(['create', '--bundle', made.dir, name]), /link/, 'a link where /dev belongs')
})

/** Which of three nodes may be made, read and written, with these rules. */
const tried = async ({ script }: Oci, rules: readonly Json[] | undefined): Promise<string> => {
  const devices = [
    { path: '/dev/zero', type: 'c', major: 1, minor: 5 },
    { path: '/dev/loop', type: 'b', major: 7, minor: 7 },
    { path: '/dev/hwrng', type: 'c', major: 10, minor: 183 },
    { path: '/dev/kmsg', type: 'c', major: 1, minor: 11 },
  ]
  // EPERM (1) is the group's refusal; whatever else a driver answers came after it.
  const open =
    'for d in zero loop hwrng kmsg; do for how in r w; do /bin/probe open /dev/$d $how | grep -q errno=1$ || echo "$d $how"; done; done; /bin/probe mknod /dev/made b 7 6'
  const caps = ['CAP_MKNOD', 'CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE', 'CAP_SYSLOG']
  const process = {
    noNewPrivileges: true,
    capabilities: { bounding: caps, permitted: caps, effective: caps },
  }
  return script(open, {
    process,
    linux: { devices, ...(rules === undefined ? {} : { resources: { devices: rules } }) },
  })
}

const DENY = { allow: false, access: 'rwm' }

await test('without rules only the usual devices can be opened', {
  shows: ['linux.resources.devices[].allow'],
}, async oci => {
  oci.t.equal(await tried(oci, undefined), 'zero r\nzero w\nmknod: ok\n')
  oci.t.equal(await tried(oci, [DENY]), 'zero r\nzero w\nmknod: ok\n')
})

await test('rules open devices by kind, number and access, and later ones are stronger', {
  shows: ['linux.resources.devices[].{allow,type,major,minor,access}'],
}, async oci => {
  const { t } = oci
  t.equal(
    await tried(oci, [DENY, { allow: true, type: 'b', major: 7, minor: 7, access: 'r' }]),
    'zero r\nzero w\nloop r\nmknod: ok\n',
  )
  t.equal(
    await tried(oci, [DENY, { allow: true, type: 'c', major: 10, access: 'rw' }]),
    'zero r\nzero w\nhwrng r\nhwrng w\nmknod: ok\n',
  )
  const all = [
    { allow: true, access: 'rwm' },
    { allow: false, type: 'c', major: 1, minor: 11, access: 'w' },
  ]
  t.equal(await tried(oci, all), 'zero r\nzero w\nloop r\nloop w\nhwrng r\nhwrng w\nkmsg r\nmknod: ok\n')
  const wild = [DENY, { allow: true, type: 'c', major: -1, minor: 183 }]
  t.equal(await tried(oci, wild), 'zero r\nzero w\nhwrng r\nhwrng w\nmknod: ok\n')
})

await test('rules that are none are refused', { shows: ['linux.resources.devices[].{type,access}'] }, async ({
  t,
  refusal,
}) => {
  for (const [rule, field] of [
    [{ allow: true, type: 'x' }, 'type'],
    [{ allow: true, access: 'rx' }, 'access'],
    [{ type: 'c' }, 'allow'],
    [{ allow: true, access: '' }, 'access'],
  ] as const)
    t.match(
      await refusal({ linux: { resources: { devices: [rule] } } }),
      new RegExp(`linux\\.resources\\.devices\\[0\\]\\.${field}`),
    )
})

await test('exec is held to the same devices', { shows: ['linux.resources.devices[].allow'] }, async ({
  t,
  start,
}) => {
  const devices = [{ path: '/dev/kmsg', type: 'c', major: 1, minor: 11 }]
  const { exec } = await start({ linux: { devices } })
  t.equal((await exec(['/bin/probe', 'open', '/dev/kmsg', 'r'])).stdout, 'open: errno=1\n')
  t.equal((await exec(['/bin/probe', 'open', '/dev/null', 'rw'])).stdout, 'open: ok\n', detectHost().mode)
})
