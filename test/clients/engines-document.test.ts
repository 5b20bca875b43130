// What docs/under-engines.md tells a reader to run, run in machines that are set up with the files it tells to write.
import t, { type Test } from 'tap'
import { attribute, blocksOf, promisePattern, readDocument } from '../helpers/markdown.ts'
import { CTR_CONFIG, NEEDED_FOR_CONTAINERD, withContainerd } from './helpers/containerd.ts'
import { NEEDED_FOR_DOCKER } from './helpers/docker-tests.ts'
import { withDockerd } from './helpers/dockerd.ts'
import { DOCUMENT } from './helpers/document.ts'
import { IMAGE } from './helpers/images.ts'
import { type Machine, withMachine } from './helpers/machine.ts'
import { whyNotRunnable } from './helpers/packages.ts'
import { NEEDED_FOR_PODMAN, startPodman } from './helpers/podman.ts'

const text = readDocument(DOCUMENT)

/** Runs the document's blocks of one engine, in their order. */
const runBlocks = async (t: Test, machine: Machine, engine: string): Promise<void> => {
  const blocks = blocksOf(text).filter(block => attribute(block, 'engine') === engine)
  t.ok(blocks.length > 0, 'there are blocks')
  for (const { body, line, promised } of blocks) {
    const { stdout, stderr, status } = await machine.sh(`cd /run/tmp; set -e\n${body}`, { patience: 60_000 })
    t.equal(status, 0, `line ${line} ${stderr}`)
    t.match(stdout, promisePattern(promised ?? 'a block shows what is printed'), `line ${line}: output`)
  }
}

t.setTimeout(240_000)

await t.test('Docker', async t => {
  const why = whyNotRunnable(NEEDED_FOR_DOCKER)
  if (why !== undefined) return void t.plan(0, why)
  await withDockerd({}, async ({ machine, docker }) => {
    await docker(['tag', IMAGE, 'busybox'])
    await runBlocks(t, machine, 'docker')
    const unknown = await docker(['run', '--rm', '--runtime', 'other', IMAGE, 'true'])
    t.match(unknown.stderr, 'Unknown runtime specified other', 'the message the table explains')
  })
})

await t.test('Podman', async t => {
  const why = whyNotRunnable(NEEDED_FOR_PODMAN)
  if (why !== undefined) return void t.plan(0, why)
  await withMachine(async machine => {
    const { podman } = await startPodman(machine)
    await podman(['tag', IMAGE, 'docker.io/library/busybox:latest'])
    await runBlocks(t, machine, 'podman')
    await machine.sh('rm /usr/local/bin/tsbox')
    t.match(
      (await podman(['info'])).stderr,
      'default OCI runtime "tsbox" not found',
      'the message the table explains',
    )
  })
})

await t.test('containerd', async t => {
  const why = whyNotRunnable(NEEDED_FOR_CONTAINERD)
  if (why !== undefined) return void t.plan(0, why)
  await withContainerd({ config: CTR_CONFIG }, async ({ machine, ctr }) => {
    await ctr(['images', 'tag', IMAGE, 'docker.io/library/busybox:latest'])
    await runBlocks(t, machine, 'containerd')
  })
})

t.test(
  'every file in the document is one that a test writes, and every command one that a test runs',
  async t => {
    const files = [...text.matchAll(/^`([^`]+)`:$/gm)].map(([, name]) => name)
    const tried = [
      '/etc/docker/daemon.json',
      '/etc/containers/containers.conf',
      '/etc/containerd/config.toml',
    ]
    t.same(files, [...tried, 'runtimeclass.yaml', 'pod.yaml'])
    const commands = blocksOf(text).filter(({ info }) => info[0] === 'sh')
    const untried = commands.filter(block => attribute(block, 'engine') === undefined).map(({ body }) => body)
    t.same(untried, ['sudo make install PREFIX=/usr/local\n'])
  },
)
