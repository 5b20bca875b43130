// podman with tsbox as its runtime: pods, Kubernetes manifests and builds.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { IMAGE } from './helpers/images.ts'
import { eventuallyAsync } from './helpers/patience.ts'
import { podmanTests } from './helpers/podman.ts'

const MANIFEST = `apiVersion: v1
kind: Pod
metadata:
  name: played
spec:
  restartPolicy: Never
  containers:
    - name: web
      image: ${IMAGE}
      imagePullPolicy: Never
      command: ["httpd", "-f", "-h", "/www"]
      ports:
        - containerPort: 80
          hostPort: 8082
      resources:
        limits:
          memory: 64Mi
      securityContext:
        readOnlyRootFilesystem: true
        capabilities:
          drop: ["NET_RAW"]
    - name: beside
      image: ${IMAGE}
      imagePullPolicy: Never
      env:
        - name: WORD
          value: two words
      volumeMounts:
        - name: scratch
          mountPath: /scratch
      securityContext:
        runAsUser: 1000
  volumes:
    - name: scratch
      emptyDir: {}
`

/** A runtime that notes how it is called before it becomes the one under test. */
const NOTING = '#!/bin/sh\necho "$@" >>/run/verbs\nexec /usr/local/bin/tsbox "$@"\n'

await podmanTests(async ({ test, podman: { machine } }) => {
  const page = async (port: number) =>
    (await machine.sh(`timeout 5 busybox wget -q -O - http://127.0.0.1:${port}/`)).stdout === 'a page\n'

  await test('containers of a pod share network, IPC and host name, and not files', async ({ t, ...p }) => {
    t.match(await p.podman(['pod', 'create', '--name', 'pod', '--hostname', 'here', '-p', '8081:80']), {
      status: 0,
    })
    const member = ['run', '-d', '--pod', 'pod', '--name']
    t.match(await p.podman([...member, 'web', IMAGE, 'httpd', '-f', '-h', '/www']), { status: 0 })
    t.match(await p.podman([...member, 'beside', IMAGE]), { status: 0 })
    t.ok(await eventuallyAsync(() => page(8081)), 'the port of the pod')
    const inside = ['exec', 'beside', 'wget', '-q', '-O', '-', 'http://127.0.0.1/']
    t.match(await p.podman(inside), { status: 0, stdout: 'a page\n' })
    const spaces = 'for n in net ipc uts mnt pid; do readlink /proc/self/ns/$n; done; hostname'
    const of = async (name: string) => (await p.podman(['exec', name, 'sh', '-c', spaces])).stdout.split('\n')
    const [web, beside] = [await of('web'), await of('beside')]
    t.same(web.slice(0, 3), beside.slice(0, 3))
    t.not(web[3], beside[3])
    t.equal(web[5], 'here')
  })

  await test('a pod is paused, stopped, started and removed as one', async ({ t, ...p }) => {
    await p.podman(['pod', 'create', '--name', 'pod', '--share', 'pid,net,ipc,uts'])
    await p.podman(['run', '-d', '--pod', 'pod', '--name', 'a', IMAGE])
    await p.podman(['run', '-d', '--pod', 'pod', '--name', 'b', IMAGE])
    /** The states of the pod's three containers, its own one among them. */
    const states = async () => {
      const ids = (await p.podman(['ps', '-aq', '--filter', 'pod=pod'])).stdout.trim().split('\n')
      return (await p.podman(['inspect', '--format', '{{.State.Status}}', ...ids])).stdout.trim().split('\n')
    }
    t.match(
      (await p.podman(['exec', 'a', 'ps'])).stdout,
      /catatonit[\s\S]*sleep[\s\S]*sleep/,
      'processes are shared',
    )
    t.equal((await p.podman(['pod', 'pause', 'pod'])).status, 0)
    t.same(await states(), ['paused', 'paused', 'paused'])
    t.equal((await p.podman(['pod', 'unpause', 'pod'])).status, 0)
    t.equal((await p.podman(['pod', 'stop', '-t', '5', 'pod'])).status, 0)
    t.same(await states(), ['exited', 'exited', 'exited'])
    t.equal((await p.podman(['pod', 'start', 'pod'])).status, 0)
    t.same(await states(), ['running', 'running', 'running'])
    t.equal((await p.podman(['pod', 'rm', '-f', '-t', '0', 'pod'])).status, 0)
  })

  await test('kube play: a manifest of Kubernetes becomes running containers', async ({ t, ...p }) => {
    writeFileSync(machine.path('/run/pod.yaml'), MANIFEST)
    t.match(await p.podman(['kube', 'play', '/run/pod.yaml']), { status: 0 })
    t.ok(await eventuallyAsync(() => page(8082)))
    t.equal(await p.inspect('played-web', '{{.OCIRuntime}}'), 'tsbox')
    const web = await p.podman(['exec', 'played-web', 'sh', '-c', 'touch /x; grep ^CapBnd /proc/self/status'])
    t.match(web, { stdout: /^CapBnd:\t0+800405fb$|^CapBnd:\t0+8[\da-f]+$/m, stderr: /Read-only file system/ })
    const limit =
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'
    t.equal((await p.podman(['exec', 'played-web', 'sh', '-c', limit])).stdout, `${64 * 2 ** 20}\n`)
    const beside = 'echo $WORD; id -u; touch /scratch/x && echo wrote'
    t.equal(
      (await p.podman(['exec', 'played-beside', 'sh', '-c', beside])).stdout,
      'two words\n1000\nwrote\n',
    )
    t.equal((await p.podman(['kube', 'down', '/run/pod.yaml'])).status, 0)
    t.equal((await p.podman(['ps', '-aq'])).stdout, '')
  })

  await test('build: RUN steps are run by the runtime, and what they say counts', async ({ t, ...p }) => {
    writeFileSync(machine.path('/run/noting'), NOTING, { mode: 0o755 })
    mkdirSync(machine.path('/run/build'))
    const file = (name: string, text: string) => writeFileSync(machine.path(`/run/build/${name}`), text)
    file('word', 'copied\n')
    const steps = [
      `FROM ${IMAGE}`,
      'RUN echo maker:x:1234:1234::/made:/bin/sh >>/etc/passwd && mkdir /made && chown 1234 /made',
      'COPY word /made/word',
      'USER maker',
      'WORKDIR /made',
      'RUN --mount=type=cache,target=/cache id -u >who && cat word >>who',
      'CMD ["cat", "who"]',
    ]
    file('Dockerfile', steps.join('\n'))
    const build = [
      '--runtime',
      '/run/noting',
      'build',
      '--isolation',
      'oci',
      '-t',
      'localhost/made:1',
      '/run/build',
    ]
    t.match(await p.podman(build), { status: 0 })
    t.match(await p.podman(['run', '--rm', '--network', 'none', 'localhost/made:1']), {
      stdout: '1234\ncopied\n',
    })
    const verbs = readFileSync(machine.path('/run/verbs'), 'utf8')
    t.equal(verbs.match(/^(--\S+ )*create /gm)?.length, 2, verbs)
    t.equal(verbs.match(/^(--\S+ )*start /gm)?.length, 2)
    file('Dockerfile', `FROM ${IMAGE}\nRUN exit 6`)
    t.match(await p.podman(build), { status: /^[16]$/, stderr: /exit status 6/ })
  })

  await test('podman import and commit: a root file system becomes an image and runs', async ({
    t,
    ...p
  }) => {
    t.match(await p.podman(['import', '/run/image/layer.tar', 'localhost/imported:1']), { status: 0 })
    const run = [
      'run',
      '--name',
      'one',
      '--network',
      'none',
      'localhost/imported:1',
      '/bin/sh',
      '-c',
      'echo more >/more',
    ]
    t.match(await p.podman(run), { status: 0 })
    t.match(await p.podman(['commit', 'one', 'localhost/committed:1']), { status: 0 })
    const again = ['run', '--rm', '--network', 'none', 'localhost/committed:1', '/bin/cat', '/more']
    t.match(await p.podman(again), { stdout: 'more\n' })
  })

  await test('a Kubernetes manifest that podman writes can be played again', async ({ t, ...p }) => {
    await p.detach('source', ['-e', 'WORD=kept'])
    const written = await p.podman(['kube', 'generate', 'source'])
    t.equal(written.status, 0)
    await p.podman(['rm', '-f', '-t', '0', 'source'])
    writeFileSync(machine.path('/run/again.yaml'), written.stdout)
    t.match(await p.podman(['kube', 'play', '/run/again.yaml']), { status: 0 })
    const name = (await p.podman(['ps', '--format', '{{.Names}}', '--filter', 'name=source'])).stdout.split(
      '\n',
    )
    const member = name.find(candidate => !candidate.includes('infra')) ?? ''
    t.equal((await p.podman(['exec', member, 'sh', '-c', 'echo $WORD'])).stdout, 'kept\n')
  })
})
