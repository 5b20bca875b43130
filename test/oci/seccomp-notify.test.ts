// Filters that ask an agent (SCMP_ACT_NOTIFY).
import { join } from 'node:path'
import { callNumber } from '../helpers/syscall-numbers.ts'
import type { Json } from './helpers/config.ts'
import { ociTests } from './helpers/oci-test.ts'
import { startAgent } from './helpers/probes.ts'

const test = ociTests(import.meta.filename)
const MKDIR = process.arch === 'arm64' ? callNumber('aarch64', 'mkdirat') : callNumber('x86_64', 'mkdir')

const asking = (listenerPath: string, rest: Json = {}): Json => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  listenerPath,
  syscalls: [{ names: ['mkdir', 'mkdirat', 'getpgid'], action: 'SCMP_ACT_NOTIFY' }],
  ...rest,
})

await test('the agent is asked, told who asks, and its answer counts', {
  shows: ['linux.seccomp.{listenerPath,listenerMetadata}', 'linux.seccomp.syscalls[].action'],
}, async oci => {
  const { t, dir, create, ok } = oci
  const socket = join(dir, 'agent')
  const agent = await startAgent(socket, MKDIR, 95)
  const annotations = { some: 'note' }
  const args = ['/bin/sh', '-c', 'mkdir /new; exec /bin/probe pause']
  const seccomp = asking(socket, { listenerMetadata: 'words for the agent' })
  const container = await create({ annotations, process: { args }, linux: { seccomp } })
  const { pid, id } = await container.state()
  t.notMatch(agent.stdout(), /state/, 'the filter comes with the program')
  await container.start()
  const [, text = ''] = await agent.until(/^state (.*)$/m)
  t.same(JSON.parse(text), {
    ociVersion: '1.2.1',
    fds: ['seccompFd'],
    pid,
    metadata: 'words for the agent',
    state: { ociVersion: '1.2.1', id, status: 'created', pid, bundle: container.bundle.dir, annotations },
  })
  await agent.until(new RegExp(`asked about ${MKDIR}`))
  const joined = await container.exec(['mkdir', '/other'])
  t.match(joined.stderr, /Not supported|not supported/, 'exec has a filter of its own, and is answered too')
  t.match(agent.stdout(), /"status":"running"/)
  t.match(container.stderr(), /not supported/i)
  await ok(['delete', '--force', id])
  agent.child.kill()
})

await test('run asks too', { shows: ['linux.seccomp.listenerPath'] }, async ({ t, dir, run }) => {
  const socket = join(dir, 'agent')
  const agent = await startAgent(socket, MKDIR, 17)
  const { status, stderr } = await run({
    process: { args: ['mkdir', '/new'] },
    linux: { seccomp: asking(socket) },
  })
  t.equal(status, 1)
  t.match(stderr, /exists/i)
  agent.child.kill()
})

await test('without an agent the program does not start', { shows: ['linux.seccomp.listenerPath'] }, async ({
  t,
  dir,
  run,
  create,
  fails,
}) => {
  const seccomp = asking(join(dir, 'nobody'))
  const { status, stdout, stderr } = await run({ process: { args: ['echo', 'ran'] }, linux: { seccomp } })
  t.same([status, stdout], [1, ''])
  t.match(stderr, /linux\.seccomp\.listenerPath: .*no such file or directory/)
  const { id } = await create({ linux: { seccomp } })
  t.match(await fails(['start', id]), /linux\.seccomp\.listenerPath: .*no such file or directory/)
})
