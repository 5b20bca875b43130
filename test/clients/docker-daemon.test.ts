// Containers whose daemon goes away and comes back, and containers whose root is nobody on the host.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { dockerTests } from './helpers/docker-tests.ts'
import { IMAGE } from './helpers/images.ts'
import { eventuallyAsync } from './helpers/patience.ts'

await dockerTests({ flags: ['--live-restore'] }, async ({ test }) => {
  await test('--live-restore: kill -9 of the daemon leaves containers running, and a new one takes them over', async ({
    t,
    ...d
  }) => {
    await d.detach(
      'lives',
      ['-p', '8080:80', '--network', 'bridge'],
      ['sh', '-c', 'echo before; httpd -h /www; exec sleep 1000'],
    )
    await d.detach('ends', [], ['sh', '-c', 'until test -e /tmp/end; do sleep 0.1; done; exit 23'])
    const pid = await d.inspect('lives', '{{.State.Pid}}')
    const end = `/proc/${await d.inspect('ends', '{{.State.Pid}}')}/root/tmp/end`
    await d.kill('SIGKILL')
    t.match(await d.machine.sh(`kill -0 ${pid} && touch ${end}`), { status: 0 }, 'they run without a daemon')
    await sleep(500)
    await d.resume()
    t.equal(await d.inspect('lives', '{{.State.Pid}} {{.State.Status}}'), `${pid} running`)
    t.equal((await d.docker(['exec', 'lives', 'echo', 'again'])).stdout, 'again\n')
    t.match(await d.machine.sh('timeout 5 busybox wget -q -O - http://127.0.0.1:8080/'), {
      stdout: 'a page\n',
    })
    t.equal(
      await d.inspect('ends', '{{.State.Status}} {{.State.ExitCode}}'),
      'exited 23',
      'the status was kept',
    )
    t.equal((await d.docker(['stop', '-t', '1', 'lives'])).status, 0)
    t.match(await d.docker(['logs', 'lives']), { stdout: /^before\n/ })
  })

  await test('a daemon that ends as it should leaves them running too', async ({ t, ...d }) => {
    await d.detach('lives')
    const pid = await d.inspect('lives', '{{.State.Pid}}')
    await d.kill('SIGTERM')
    await d.resume()
    t.equal(await d.inspect('lives', '{{.State.Pid}} {{.State.Status}}'), `${pid} running`)
    t.equal((await d.docker(['pause', 'lives'])).status, 0)
    t.equal((await d.docker(['unpause', 'lives'])).status, 0)
    t.equal((await d.docker(['stop', 'lives'])).status, 0)
    t.equal(await d.inspect('lives', '{{.State.ExitCode}}'), '0')
  })
})

const REMAPPED = `
echo remapped:x:9999:9999::/:/bin/false >>/etc/passwd
echo remapped:x:9999: >>/etc/group
echo remapped:300000:65536 >>/etc/subuid
echo remapped:300000:65536 >>/etc/subgid`

await dockerTests({ flags: ['--userns-remap', 'remapped'], prepare: REMAPPED }, async ({ test }) => {
  await test('--userns-remap: root in the container is an ordinary number on the host', async ({
    t,
    ...d
  }) => {
    await d.detach('box', ['--sysctl', 'net.ipv4.ip_forward=1', '--memory', '64m', '-v', 'own:/vol'])
    const exec = async (...program: string[]) => (await d.docker(['exec', 'box', ...program])).stdout
    t.match(await exec('cat', '/proc/self/uid_map'), /^\s+0\s+300000\s+65536\n$/)
    t.equal(await exec('id', '-u'), '0\n')
    t.match(
      (await d.machine.sh(`grep ^Uid /proc/${await d.inspect('box', '{{.State.Pid}}')}/status`)).stdout,
      /\t300000\t/,
    )
    await exec('sh', '-c', 'echo x >/vol/x; touch /root/y; chown 5:5 /root/y')
    const volume = '/var/lib/docker/300000.300000/volumes/own/_data/x'
    t.equal((await d.machine.run(['stat', '-c', '%u', volume])).stdout, '300000\n')
    t.equal(await exec('stat', '-c', '%u', '/root/y'), '5\n')
    t.equal(await exec('cat', '/proc/sys/net/ipv4/ip_forward'), '1\n')
    t.equal((await d.docker(['exec', '-u', 'user', 'box', 'id', '-u'])).stdout, '1000\n')
    t.match((await d.docker(['exec', 'box', 'mknod', '/dev/sda', 'b', '8', '0'])).stderr, /not permitted/)
  })

  await test('its networks, terminals and limits are as without', async ({ t, ...d }) => {
    await d.docker(['run', '-d', '--name', 'web', '-p', '8080:80', IMAGE, 'httpd', '-f', '-h', '/www'])
    const page = async () =>
      (await d.machine.sh('timeout 5 busybox wget -q -O - http://127.0.0.1:8080/')).stdout === 'a page\n'
    t.ok(await eventuallyAsync(page))
    const { stdout } = await d.inTerminal([
      'run',
      '--rm',
      '-it',
      IMAGE,
      'sh',
      '-c',
      'tty; stat -c %u /dev/pts/0',
    ]).ended
    t.equal(stdout, '/dev/pts/0\r\n0\r\n')
    t.match(await d.docker(['pause', 'web']), { status: 0 })
    t.match(await d.docker(['unpause', 'web']), { status: 0 })
  })

  await test('--userns host: one container without', async ({ t, run }) => {
    const own = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/)
    const { stdout } = await run(['--userns', 'host'], ['cat', '/proc/self/uid_map'])
    t.same(stdout.trim().split(/\s+/), own)
  })
})
