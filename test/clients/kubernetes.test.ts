// What Kubernetes does with a RuntimeClass: a pod is asked of containerd's CRI plugin with the name of a runtime handler.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type Containerd, containerdTests, RUNTIME_PATH } from './helpers/containerd.ts'
import { fileFromDocument } from './helpers/document.ts'
import { call, type Fields } from './helpers/grpc.ts'
import { IMAGE } from './helpers/images.ts'
import { runtimeUnderTest } from './helpers/runtime.ts'

/** What this machine needs beside the document's lines: its image for pods, its plugins, and no rights to lower a score. */
const MACHINE_CONFIG = `
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
`

const NETWORK = {
  cniVersion: '0.4.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'pods0',
      isGateway: true,
      ipam: { type: 'host-local', subnet: '10.66.0.0/24' },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
}

/** Calls of the Container Runtime Interface, by the field numbers of its api.proto. */
const criOf = ({ machine }: Containerd) => {
  const socket = machine.path('/run/containerd/containerd.sock')
  const runtime = (method: string, request: Fields) =>
    call({ socket, method: `/runtime.v1.RuntimeService/${method}`, request })
  const idOf = async (answer: Promise<ReadonlyMap<number, string | number>>) => String((await answer).get(1))
  const sandbox = (name: string): Fields => ({
    1: { 1: name, 2: `uid-${name}`, 3: 'default' },
    2: name,
    3: '/run/pod-logs',
    8: {},
  })
  return {
    runPod: (name: string, handler: string) =>
      idOf(runtime('RunPodSandbox', { 1: sandbox(name), 2: handler })),
    createContainer: (pod: string, podName: string, config: Fields) =>
      idOf(runtime('CreateContainer', { 1: pod, 2: config, 3: sandbox(podName) })),
    start: (id: string) => runtime('StartContainer', { 1: id }),
    stop: (id: string) => runtime('StopContainer', { 1: id, 2: 2 }),
    exec: async (id: string, ...program: string[]) => {
      const answer = await runtime('ExecSync', { 1: id, 2: program, 3: 20 })
      return { stdout: answer.get(1) ?? '', stderr: answer.get(2) ?? '', status: answer.get(3) ?? 0 }
    },
    update: (id: string, resources: Fields) => runtime('UpdateContainerResources', { 1: id, 2: resources }),
    removePod: async (id: string) => {
      await runtime('StopPodSandbox', { 1: id })
      await runtime('RemovePodSandbox', { 1: id })
    },
  }
}

/** Stands where the document says the runtime is: notes how it is called before it becomes the one under test. */
const NOTING = `#!/bin/sh\necho "$@" >>/run/verbs\nexec ${runtimeUnderTest()} "$@"\n`

const config = fileFromDocument('/etc/containerd/config.toml') + MACHINE_CONFIG

await containerdTests({ config, namespace: 'k8s.io' }, async ({ test, containerd }) => {
  const { machine } = containerd
  mkdirSync(machine.path('/etc/cni/net.d'), { recursive: true })
  writeFileSync(machine.path('/etc/cni/net.d/10-pods.conflist'), JSON.stringify(NETWORK))
  rmSync(machine.path(RUNTIME_PATH))
  writeFileSync(machine.path(RUNTIME_PATH), NOTING, { mode: 0o755 })
  const cri = criOf(containerd)

  await test("the document's manifest names the handler of the document's config.toml", async t => {
    const manifest = fileFromDocument('runtimeclass.yaml')
    const handler = /^handler: (\S+)$/m.exec(manifest)?.[1]
    t.match(manifest, /^kind: RuntimeClass$/m)
    const name = /^ {2}name: (\S+)$/m.exec(manifest)?.[1]
    t.equal(
      /^ {2}runtimeClassName: (\S+)$/m.exec(fileFromDocument('pod.yaml'))?.[1],
      name,
      'the pod asks for it',
    )
    t.ok(handler !== undefined && config.includes(`.containerd.runtimes.${handler}]`), `handler ${handler}`)
  })

  await test('a pod with that handler runs on tsbox: network, two containers, exec, limits', async t => {
    const pod = await cri.runPod('pod', 'tsbox')
    t.match(pod, /^[0-9a-f]{64}$/)
    const [web, beside] = await Promise.all([
      cri.createContainer(pod, 'pod', { 1: { 1: 'web' }, 2: { 1: IMAGE }, 3: ['httpd', '-f', '-h', '/www'] }),
      cri.createContainer(pod, 'pod', {
        ...{ 1: { 1: 'beside' }, 2: { 1: IMAGE }, 5: '/www' },
        6: { 1: 'WORD', 2: 'two words' },
        15: { 1: { 4: 64 * 2 ** 20 }, 2: { 5: { 1: 1000 }, 8: true } },
      }),
    ])
    await cri.start(web)
    await cri.start(beside)
    t.match(await cri.exec(beside, 'sh', '-c', 'echo $WORD; pwd; id -u; hostname; exit 7'), {
      status: 7,
      stdout: 'two words\n/www\n1000\npod\n',
    })
    t.match(await cri.exec(beside, 'wget', '-q', '-O', '-', 'http://127.0.0.1/'), {
      status: 0,
      stdout: 'a page\n',
    })
    t.match(await cri.exec(web, 'ip', '-o', 'addr', 'show', 'eth0'), { stdout: / 10\.66\.0\./ })
    const limit =
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'
    t.match(await cri.exec(beside, 'sh', '-c', limit), { stdout: `${64 * 2 ** 20}\n` })
    await cri.update(beside, { 4: 96 * 2 ** 20 })
    t.match(
      await cri.exec(beside, 'sh', '-c', limit),
      { stdout: `${96 * 2 ** 20}\n` },
      'changed while it runs',
    )
    const calls = readFileSync(machine.path('/run/verbs'), 'utf8')
    for (const verb of ['create', 'start', 'exec', 'update']) t.match(calls, new RegExp(`(^| )${verb} `, 'm'))
    await cri.stop(web)
    await cri.removePod(pod)
  })

  await test('a handler that is not configured is refused', async t => {
    await t.rejects(cri.runPod('other', 'no-such-handler'), {
      message: /no runtime for "no-such-handler" is configured/,
    })
  })
})
