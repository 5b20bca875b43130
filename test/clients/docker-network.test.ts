// Containers on Docker's networks, which join through the runtime's hooks, and images built with RUN steps on it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dockerTests } from './helpers/docker-tests.ts'
import { IMAGE } from './helpers/images.ts'
import { eventuallyAsync } from './helpers/patience.ts'

const SERVER = ['httpd', '-f', '-p', '80', '-h', '/www'] as const

/** A second network namespace in the machine, for a visitor from outside: 10.99.0.1 is the machine, 10.99.0.2 the visitor. */
const OUTSIDE = `set -e
ip netns add outside
ip link add out type veth peer name eth0 netns outside
ip addr add 10.99.0.1/24 dev out && ip link set out up
ip netns exec outside sh -c 'ip addr add 10.99.0.2/24 dev eth0; ip link set eth0 up; ip link set lo up'`

await dockerTests({}, async ({ test, docker }) => {
  const { machine } = docker
  const fetch = (url: string) => `timeout 5 busybox wget -q -O - ${url}`
  const made = await machine.sh(OUTSIDE)
  if (made.status !== 0) throw new Error(made.stderr)

  await test('-p: a published port answers on the host, to visitors, and after a restart', async ({
    t,
    ...d
  }) => {
    const options = ['-d', '--name', 'web', '-p', '8080:80', '-p', '127.0.0.1:8081:80']
    t.match(await d.docker(['run', ...options, IMAGE, ...SERVER]), { status: 0 })
    const answers = async (url: string, from = '') =>
      (await machine.sh(`${from} ${fetch(url)}`)).stdout === 'a page\n'
    const visitor = 'ip netns exec outside'
    t.ok(await eventuallyAsync(() => answers('http://127.0.0.1:8080/')), 'on the host')
    t.ok(await answers('http://127.0.0.1:8081/'), 'at an address of its own')
    t.ok(await answers('http://10.99.0.1:8080/', visitor), 'to a visitor')
    t.notOk(await answers('http://10.99.0.1:8081/', visitor), 'not where it was not published')
    await d.docker(['restart', '-t', '1', 'web'])
    t.ok(await eventuallyAsync(() => answers('http://10.99.0.1:8080/', visitor)), 'after a restart')
    await d.docker(['rm', '-f', 'web'])
    t.notOk(await answers('http://10.99.0.1:8080/', visitor), 'and not any more')
  })

  await test('containers reach each other: by address on the bridge, by name on a network', async ({
    t,
    ...d
  }) => {
    t.equal((await d.docker(['network', 'create', 'own'])).status, 0)
    await d.docker(['run', '-d', '--name', 'web', '--network', 'own', IMAGE, ...SERVER])
    await d.docker(['run', '-d', '--name', 'bridged', IMAGE, ...SERVER])
    const wget = (network: string, host: string) =>
      d.docker([
        'run',
        '--rm',
        '--network',
        network,
        IMAGE,
        'timeout',
        '5',
        'wget',
        '-q',
        '-O',
        '-',
        `http://${host}/`,
      ])
    t.match(await wget('own', 'web'), { status: 0, stdout: 'a page\n' }, 'by name')
    const address = await d.inspect('bridged', '{{.NetworkSettings.IPAddress}}')
    t.match(address, /^172\./)
    t.match(await wget('bridge', address), { status: 0, stdout: 'a page\n' }, 'by address')
    t.not((await wget('none', address)).status, 0, 'not without a network')
    t.equal((await d.docker(['network', 'connect', 'bridge', 'web'])).status, 0)
    t.equal(
      (await d.docker(['exec', 'web', 'ls', '/sys/class/net'])).stdout,
      'eth0\neth1\nlo\n',
      'connected later',
    )
    await d.docker(['rm', '-f', 'web'])
    t.equal((await d.docker(['network', 'rm', 'own'])).status, 0)
  })

  await test('a container has the names and addresses the engine writes for it', async ({ t, ...d }) => {
    const options = ['--rm', '--hostname', 'here', '--add-host', 'other:10.1.2.3', '--dns', '10.4.5.6']
    const script = 'cat /etc/hosts /etc/resolv.conf /etc/hostname; ip -o addr show eth0; ip route'
    const { stdout } = await d.docker(['run', ...options, IMAGE, 'sh', '-c', script])
    for (const line of [
      /^10\.1\.2\.3\s+other$/m,
      /^172\.\d+\.\d+\.\d+\s+here$/m,
      /^nameserver 10\.4\.5\.6$/m,
      /^here$/m,
      /default via 172\./,
    ])
      t.match(stdout, line)
  })

  await test('--network container: and host share an interface', async ({ t, ...d }) => {
    await d.docker(['run', '-d', '--name', 'web', IMAGE, ...SERVER])
    const beside = [
      'run',
      '--rm',
      '--network',
      'container:web',
      IMAGE,
      'wget',
      '-q',
      '-O',
      '-',
      'http://127.0.0.1/',
    ]
    t.match(await d.docker(beside), { status: 0, stdout: 'a page\n' })
    const host = ['run', '--rm', '--network', 'host', IMAGE, 'ip', '-o', 'link']
    t.match((await d.docker(host)).stdout, /docker0/)
  })

  await test('docker build: RUN steps are run by the runtime, and what they say counts', async ({
    t,
    ...d
  }) => {
    mkdirSync(machine.path('/run/build'))
    const file = (name: string, text: string) => writeFileSync(machine.path(`/run/build/${name}`), text)
    file('word', 'copied\n')
    const steps = [
      `FROM ${IMAGE}`,
      'RUN echo maker:x:1234:1234::/made:/bin/sh >>/etc/passwd && mkdir /made && chown maker /made && hostname >/name',
      'COPY word /made/word',
      'USER maker',
      'WORKDIR /made',
      'RUN id -u >who && cat word >>who',
      'CMD ["cat", "who"]',
    ]
    file('Dockerfile', steps.join('\n'))
    const build = (...options: string[]) =>
      d.docker(['build', ...options, '-t', 'localhost/made:1', '/run/build'])
    t.match(await build(), { status: 0, stdout: /Successfully tagged/ })
    t.match(await d.docker(['run', '--rm', 'localhost/made:1']), { status: 0, stdout: '1234\ncopied\n' })
    t.match(await build('--no-cache', '--network', 'none', '--memory', '64m'), { status: 0 })
    file('Dockerfile', `FROM ${IMAGE}\nRUN exit 6`)
    t.match(await build(), { status: 6, stderr: /returned a non-zero code: 6/ })
  })

  await test('docker import and commit: a root file system becomes an image and runs', async ({
    t,
    ...d
  }) => {
    t.match(await d.docker(['import', '/run/image/layer.tar', 'localhost/imported:1']), { status: 0 })
    const run = [
      'run',
      '--name',
      'one',
      'localhost/imported:1',
      '/bin/sh',
      '-c',
      'echo more >/more; cat /www/index.html',
    ]
    t.match(await d.docker(run), { status: 0, stdout: 'a page\n' })
    t.match(await d.docker(['commit', 'one', 'localhost/committed:1']), { status: 0 })
    t.match(await d.docker(['run', '--rm', 'localhost/committed:1', '/bin/cat', '/more']), {
      stdout: 'more\n',
    })
  })

  await machine.sh('ip netns del outside')
})
