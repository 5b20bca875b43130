// containerd with tsbox as the program that its shim calls, driven by ctr.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { CTR_CONFIG, containerdTests } from './helpers/containerd.ts'
import { COUNT } from './helpers/images.ts'
import { eventuallyAsync } from './helpers/patience.ts'

await containerdTests({ config: CTR_CONFIG }, async ({ test, containerd }) => {
  const { ctr, run, machine } = containerd
  const stateOf = async (id: string) =>
    new RegExp(`^${id} +\\d+ +(\\w+)`, 'm').exec((await ctr(['task', 'ls'])).stdout)?.[1]
  const remove = async (id: string) => {
    await ctr(['task', 'kill', '-s', 'SIGKILL', id])
    await eventuallyAsync(async () => (await stateOf(id)) !== 'RUNNING')
    await ctr(['task', 'delete', '-f', id])
    return ctr(['container', 'delete', id])
  }

  await test('run --rm: output, exit status, and nothing is kept', async t => {
    t.match(await run(['--rm'], 'box-1', ['sh', '-c', 'echo out; echo err >&2; exit 3']), {
      status: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    t.notMatch((await ctr(['container', 'ls'])).stdout, 'box-1')
    t.match(await run(['--rm'], 'box-2', ['no-such-program']), { status: 1, stderr: /no-such-program/ })
    t.match(await run(['--rm'], 'box-3', ['/etc/passwd']), { status: 1, stderr: /permission denied/i })
  })

  await test('--runc-binary is what runs: a program that notes its verbs is called', async t => {
    const noting = '#!/bin/sh\necho "$@" >>/run/verbs\nexec /usr/local/bin/tsbox "$@"\n'
    writeFileSync(machine.path('/run/noting'), noting, { mode: 0o755 })
    t.match(await run(['--runc-binary', '/run/noting', '--rm'], 'box', ['true']), { status: 0 })
    const calls = readFileSync(machine.path('/run/verbs'), 'utf8')
    for (const verb of ['create', 'start', 'delete']) t.match(calls, new RegExp(`(^| )${verb} `, 'm'))
  })

  await test('--tty: a terminal of its own, and keys reach the program', async t => {
    const live = containerd.inTerminal([
      'run',
      '--runc-binary',
      '/usr/local/bin/tsbox',
      '--rm',
      '--tty',
      'localhost/tools:1',
      'box',
      'sh',
    ])
    await live.until(/# /)
    live.type('tty; stty size\n')
    t.ok(await live.until(/\/dev\/pts\/0\r+\n24 80/))
    live.type('sleep 100\n')
    await sleep(300)
    live.type('\x03')
    live.type('echo status $?; exit 4\n')
    t.ok(await live.until(/status 130/))
    t.equal((await live.ended).status, 4)
  })

  await test('--detach, task exec, ps, kill and delete', async t => {
    t.match(await run(['--detach'], 'box'), { status: 0 })
    t.equal(await stateOf('box'), 'RUNNING')
    const exec = (...args: string[]) => ctr(['task', 'exec', '--exec-id', 'one', ...args])
    t.match(await exec('box', 'sh', '-c', 'echo out; pwd; echo $FROM_IMAGE; exit 7'), {
      status: 7,
      stdout: 'out\n/\nyes\n',
    })
    t.equal(
      (await exec('--user', '1000:1000', '--cwd', '/www', 'box', 'sh', '-c', 'id -u; pwd')).stdout,
      '1000\n/www\n',
    )
    const { stdout } = await containerd.inTerminal([
      'task',
      'exec',
      '--tty',
      '--exec-id',
      'two',
      'box',
      'tty',
    ]).ended
    t.match(stdout, /^\/dev\/pts\/0\r+\n/)
    t.match((await ctr(['task', 'ps', 'box'])).stdout, /^\d+/m)
    t.match(await ctr(['task', 'kill', '-s', 'SIGTERM', 'box']), { status: 0 })
    t.ok(await eventuallyAsync(async () => (await stateOf('box')) === 'STOPPED'))
    t.match(await ctr(['task', 'delete', 'box']), { status: 0 })
    t.match(await ctr(['container', 'delete', 'box']), { status: 0 })
  })

  await test('pause and resume', async t => {
    t.match(await run(['--detach'], 'box', COUNT), { status: 0 })
    const pid = /^box +(\d+)/m.exec((await ctr(['task', 'ls'])).stdout)?.[1]
    const count = async () => Number((await machine.run(['cat', `/proc/${pid}/root/tmp/n`])).stdout)
    t.ok(await eventuallyAsync(async () => (await count()) > 2), 'it counts')
    t.match(await ctr(['task', 'pause', 'box']), { status: 0 })
    t.equal(await stateOf('box'), 'PAUSED')
    const held = await count()
    await sleep(400)
    t.equal(await count(), held, 'it stands')
    t.match(await ctr(['task', 'resume', 'box']), { status: 0 })
    t.ok(await eventuallyAsync(async () => (await count()) > held), 'it counts again')
    t.match(await remove('box'), { status: 0 })
  })

  await test('metrics, and limits that hold', async t => {
    const flags = ['--detach', '--memory-limit', `${64 * 2 ** 20}`, '--cpus', '0.5']
    t.match(await run(flags, 'box'), { status: 0 })
    const { stdout } = await ctr(['task', 'metrics', '--format', 'json', 'box'])
    t.equal(JSON.parse(stdout).memory?.usage?.limit ?? JSON.parse(stdout).memory?.usage_limit, 64 * 2 ** 20)
    const quota =
      'cat /sys/fs/cgroup/cpu/default/box/cpu.cfs_quota_us || cat /sys/fs/cgroup/default/box/cpu.max'
    t.match((await machine.sh(quota)).stdout, /^50000/)
    const hungry = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1']
    t.equal((await ctr(['task', 'exec', '--exec-id', 'y', 'box', ...hungry])).status, 137)
    t.match(await remove('box'), { status: 0 })
  })

  await test('mounts, environment, capabilities, seccomp, a read-only root', async t => {
    mkdirSync(machine.path('/run/shared'))
    writeFileSync(machine.path('/run/shared/word'), 'from the host\n')
    const flags = [
      '--rm',
      '--read-only',
      '--cap-drop',
      'CAP_MKNOD',
      '--env',
      'WORD=two words',
      '--cwd',
      '/www',
      '--seccomp',
    ]
    const mount = ['--mount', 'type=bind,src=/run/shared,dst=/mnt,options=rbind:ro']
    const script =
      'echo $WORD; pwd; id -u; cat /mnt/word; grep -E "^(CapEff|Seccomp):" /proc/self/status; touch /tmp/x'
    const outcome = await run([...flags, ...mount], 'box', ['sh', '-c', script])
    t.match(outcome.stdout, /^two words\n\/www\n0\nfrom the host\nCapEff:\t0*a00425fb\nSeccomp:\t2\n$/)
    t.match(outcome.stderr, /Read-only file system/)
    const bare = ['--rm', '--rootfs']
    const rooted = [
      'run',
      '--runc-binary',
      '/usr/local/bin/tsbox',
      ...bare,
      '/run/image/root',
      'box',
      '/bin/cat',
      '/www/index.html',
    ]
    t.match(await ctr(rooted), { status: 0, stdout: 'a page\n' })
  })

  await test('containerd that is killed and started again finds its container', async t => {
    t.match(await run(['--detach'], 'box'), { status: 0 })
    await machine.sh('pkill -9 -x containerd')
    machine.start(['containerd', '--log-level', 'warn'], { patience: 3_600_000 })
    t.ok(await eventuallyAsync(async () => (await stateOf('box')) === 'RUNNING'))
    t.match(await ctr(['task', 'exec', '--exec-id', 'x', 'box', 'echo', 'alive']), { stdout: 'alive\n' })
    t.match(await remove('box'), { status: 0 })
  })
})
