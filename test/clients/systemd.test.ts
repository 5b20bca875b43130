// `--systemd-cgroup`: where systemd is the first process it owns the cgroup tree, and a container is a scope that it makes.
import t from 'tap'
import { HIERARCHIES } from './helpers/cgroup-trees.ts'
import { type Machine, withMachine } from './helpers/machine.ts'
import { whyNotRunnable } from './helpers/packages.ts'
import { NEEDED_FOR_SYSTEMD, type Systemd, startSystemd } from './helpers/systemd.ts'

t.setTimeout(180_000)

const BUNDLE = '/run/bundle'
const UNIT = 'engine-one.scope'

/** A bundle whose program sleeps, with limits of every controller that systemd knows, and devices. */
const bundle = (changes: object = {}): string => {
  const config = {
    ociVersion: '1.2.0',
    root: { path: 'rootfs' },
    process: { args: ['busybox', 'sleep', '1000'], cwd: '/', env: ['PATH=/bin'] },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    annotations: {
      'org.systemd.property.Description': "'of the test'",
      'org.systemd.property.TimeoutStopSec': 'uint64 7',
    },
    linux: {
      namespaces: ['pid', 'mount', 'cgroup', 'ipc'].map(type => ({ type })),
      cgroupsPath: 'test.slice:engine:one',
      resources: {
        memory: { limit: 64 << 20 },
        pids: { limit: 30 },
        cpu: { shares: 512, quota: 50_000, period: 100_000 },
        devices: [{ allow: false, access: 'rwm' }],
      },
      ...changes,
    },
  }
  return `mkdir -p ${BUNDLE}/rootfs/bin && cp /bin/busybox ${BUNDLE}/rootfs/bin/ && cat >${BUNDLE}/config.json <<'EOF'
${JSON.stringify(config)}
EOF`
}

const tests = async (machine: Machine): Promise<void> => {
  await t.test('without systemd it is refused, and nothing is left', async t => {
    await machine.sh(bundle())
    const { stderr, status } = await machine.run([
      'tsbox',
      '--systemd-cgroup',
      'create',
      '--bundle',
      BUNDLE,
      'one',
    ])
    t.equal(status, 1)
    t.match(stderr, /--systemd-cgroup: systemd does not run on this host/)
    t.equal((await machine.sh('ls /run/tsbox-oci')).stdout, '')
  })
  await withSystemd(machine, await startSystemd(machine))
}

const withSystemd = async (machine: Machine, systemd: Systemd): Promise<void> => {
  const tsbox = (...words: string[]) => systemd.run(['tsbox', '--systemd-cgroup', ...words])
  /** The program keeps the streams it was created with, which nobody waits for here. */
  const create = async (id: string) => {
    const script = `exec tsbox --systemd-cgroup create --bundle ${BUNDLE} ${id} </dev/null >/run/said 2>&1`
    const { status } = await systemd.run(['sh', '-c', script])
    return { status, said: (await machine.sh('cat /run/said')).stdout }
  }
  const isGone = async () =>
    (await systemd.systemctl('is-active', UNIT)).stdout === 'inactive\n' &&
    (await machine.sh('find /sys/fs/cgroup -name "engine-*"')).stdout === ''

  await t.test('a container is a scope in its slice, with its processes, limits and properties', async t => {
    t.match(await create('one'), { status: 0, said: '' })
    t.match(await tsbox('start', 'one'), { status: 0, stderr: '' })
    const shown = await systemd.show(
      UNIT,
      'ActiveState',
      'Slice',
      'Delegate',
      'TasksMax',
      'Description',
      'TimeoutStopUSec',
    )
    t.same(shown.split('\n').sort(), [
      'ActiveState=active',
      'Delegate=yes',
      'Description=of the test',
      'Slice=test.slice',
      'TasksMax=30',
      'TimeoutStopUSec=7s',
    ])
    const pid = JSON.parse((await tsbox('state', 'one')).stdout).pid as number
    const groups = (await systemd.run(['cat', `/proc/${pid}/cgroup`])).stdout.trim().split('\n')
    t.ok(
      groups.filter(line => /:\/test\.slice\/engine-one\.scope$/.test(line)).length >= HIERARCHIES.length,
      groups.join(' '),
    )
    t.match(await tsbox('exec', 'one', 'busybox', 'true'), { status: 0, stderr: '' })
  })

  await t.test('what systemd does when it looks at its units again takes no limit back', async t => {
    const limits = () =>
      machine.sh(`cd /sys/fs/cgroup; for f in memory.max memory.limit_in_bytes pids.max cpu.max cpu.cfs_quota_us cpu.weight cpu.shares devices.list
        do find . -path "*/systemd/*/engine-one.scope/$f" -exec sh -c 'echo $0; cat $0' {} \\;; done`)
    const before = await limits()
    t.match(before.stdout, /67108864/)
    t.match(before.stdout, /^30$/m)
    t.match(await tsbox('update', '--pids-limit', '40', '--memory', '33554432', 'one'), {
      status: 0,
      stderr: '',
    })
    t.equal(await systemd.show(UNIT, 'TasksMax'), 'TasksMax=40')
    t.match(await systemd.systemctl('daemon-reload'), { status: 0 })
    const after = await limits()
    t.equal(after.stdout, before.stdout.replaceAll('67108864', '33554432').replace(/^30$/m, '40'))
    t.match(await tsbox('exec', 'one', 'busybox', 'true'), { status: 0, stderr: '' }, 'it lives')
  })

  await t.test('a scope that exists is not taken, in the words of systemd, and nothing is left', async t => {
    const second = await create('two')
    t.equal(second.status, 1)
    t.match(second.said, /engine-one\.scope.*(already|loaded|exists)/)
    t.match(await tsbox('state', 'two'), { status: 1 })
    t.match(await tsbox('state', 'one'), { stdout: /"running"/ })
  })

  await t.test('delete leaves no scope and no group; neither does an end by itself', async t => {
    t.match(await tsbox('delete', '--force', 'one'), { status: 0, stderr: '' })
    t.ok(await isGone())
    await machine.sh(
      bundle({ resources: {} }).replace('"busybox","sleep","1000"', '"busybox","sh","-c","exit 3"'),
    )
    t.match(await tsbox('run', '--bundle', BUNDLE, 'one'), { status: 3, stderr: '' })
    t.ok(await isGone())
  })

  await t.test('a slice, or a name that is none, is refused before anything is done', async t => {
    for (const cgroupsPath of ['test.slice::other.slice', 'test.slice:a', '/absolute', 'a/b:c:d']) {
      await machine.sh(bundle({ cgroupsPath }))
      t.match(await create('three'), { said: /linux\.cgroupsPath/, status: 1 }, cgroupsPath)
    }
    t.match(await tsbox('state', 'three'), { status: 1 })
  })
}

const why = whyNotRunnable(NEEDED_FOR_SYSTEMD)
if (why !== undefined) t.plan(0, `systemd ${why}`)
else await withMachine(tests)
