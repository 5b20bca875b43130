// Family F against the OCI runtime: the caller's terminal and standard streams.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, lstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { attack } from '../helpers/attack.ts'
import { command, type Outcome, outcomeOf } from '../helpers/command.ts'
import { eventually, isAlive } from '../helpers/live-box.ts'
import { probe } from '../helpers/rootfs.ts'
import { CAPABILITIES, type Json, NAMESPACES } from '../oci/helpers/config.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { processesOf } from '../oci/helpers/residue.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const onTerminal = (...argv: readonly string[]) => outcomeOf(attack(), ['terminal', ...argv])
const verb = ({ root }: Oci, ...args: readonly string[]) => onTerminal(command(), '--root', root, ...args)
const waiting = (text: string) => Number(/waiting to be read: (-?\d+)/.exec(text)?.[1])

const TYPE = ['/bin/probe', 'tiocsti', 'X']
const SETTING = '/proc/sys/dev/tty/legacy_tiocsti'
const isOff = existsSync(SETTING) && readFileSync(SETTING, 'utf8').trim() === '0'

await test('F1: nothing in a container types into the terminal of its caller', {}, async oci => {
  const { t, ok } = oci
  const { bundle, start } = sceneOf(oci)
  const bare = await onTerminal(probe(), 'tiocsti', 'X')
  if (isOff) t.comment('this kernel lets nobody do it')
  else t.ok(waiting(bare.stdout) >= 3, `without a container it can: ${waiting(bare.stdout)} characters wait`)

  const refused = (what: string, { stdout }: Outcome) => {
    t.match(stdout, /fd 0: errno=(1|5|25)/, `${what}, on the caller's own terminal`)
    t.notMatch(stdout, /(fd \d|tty): ok/)
    t.equal(waiting(stdout), 0, 'nothing waits to be read by the caller')
  }
  const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }]
  const all = [...CAPABILITIES, 'CAP_SYS_ADMIN']
  const users: readonly Json[] = [
    {},
    { process: { user: { uid: 1000, gid: 1000 } } },
    {
      process: { capabilities: { bounding: all, effective: all, permitted: all } },
      linux: { namespaces: [...NAMESPACES, { type: 'user' }], uidMappings: map, gidMappings: map },
    },
  ]
  for (const [i, over] of users.entries()) {
    const { id, dir } = bundle({ ...over, process: { ...(over.process as Json), args: TYPE } })
    refused(`run, ${i}`, await verb(oci, 'run', '--bundle', dir, id))
    const running = await start(over)
    refused(`exec, ${i}`, await verb(oci, 'exec', running, ...TYPE))
    const made = bundle({ ...over, process: { ...(over.process as Json), args: TYPE } })
    const create = ['--root', oci.root, 'create', '--bundle', made.dir, made.id]
    const both = `"$@" && "$TSBOX" --root "$ROOT" start ${made.id} && sleep 0.5`
    const env = { ...process.env, TSBOX: command(), ROOT: oci.root }
    const seen = await outcomeOf(attack(), ['terminal', 'sh', '-c', both, 'sh', command(), ...create], {
      env,
    })
    refused(`create and start, ${i}`, seen)
  }
  const { id, dir } = bundle({ process: { args: TYPE, terminal: true } })
  const own = await verb(oci, 'run', '--bundle', dir, id)
  t.match(own.stdout, /fd 0: (ok|errno=5)/, 'in a terminal of its own it may type')
  t.equal(waiting(own.stdout), 0, 'and that stays in the container')
  const running = await start()
  const joined = await verb(oci, 'exec', '-t', running, ...TYPE)
  t.equal(waiting(joined.stdout), 0, 'exec --tty as well')
  await ok(['delete', '--force', running])
})

await test('F2: nor pastes into a console of the host', {}, async oci => {
  const { t } = oci
  const { bundle, start } = sceneOf(oci)
  const ioctl = process.arch === 'arm64' ? '29' : '16'
  const paste = ['/bin/probe', 'syscall', ioctl, '0', `${0x541c}`, '0']
  const { id, dir } = bundle(program(...paste))
  t.match((await verb(oci, 'run', '--bundle', dir, id)).stdout, /errno=(1|14|25)\b/)
  t.match((await verb(oci, 'exec', await start(), ...paste)).stdout, /errno=(1|14|25)\b/)
  const opened = await oci.tsbox([
    'exec',
    await start(),
    '/bin/sh',
    '-c',
    'for d in tty0 tty1 console vcs; do probe open /dev/$d rw; done',
  ])
  t.equal(opened.stdout, 'open: errno=2\n'.repeat(4), 'there is no console to paste into')
})

await test('F4: a file the output goes to keeps its owner', {}, async oci => {
  const { t, tsbox } = oci
  const { bundle, start } = sceneOf(oci)
  const user = { uid: 1000, gid: 1000 }
  const state = (path: string) => {
    const { uid, gid, mode } = lstatSync(path)
    return [uid, gid, mode & 0o7777]
  }
  const devices = state('/dev/null')
  const id = await start({ process: { user } })
  const made = bundle({ process: { user, args: ['/bin/probe', 'echo', 'hi'] } })
  for (const args of [
    ['run', '--bundle', made.dir, made.id],
    ['exec', '-u', '1000', id, '/bin/probe', 'echo', 'hi'],
  ]) {
    const outputs = join(oci.dir, `output-${args[0]}`)
    t.match(await tsbox(args, { outputs }), { status: 0, stdout: 'hi\n' })
    for (const part of ['out', 'err'])
      t.same(state(`${outputs}.${part}`), [0, 0, 0o644], `${args[0]}, ${part}`)
  }
  t.same(state('/dev/null'), devices)
})

await test('F4: a pipe and a socket keep theirs, and a program can write to what it was given', {}, async oci => {
  const { t, tsbox } = oci
  const { bundle } = sceneOf(oci)
  const fifo = join(oci.dir, 'fifo')
  await outcomeOf('mkfifo', ['-m', '600', fifo])
  const fd = openSync(fifo, 'r+')
  const user = { uid: 1000, gid: 1000 }
  const { id, dir } = bundle({ process: { user, args: ['/bin/sh', '-c', 'echo hi >&3'] } })
  const { status } = await tsbox(['run', '--preserve-fds', '1', '--bundle', dir, id], { fds: [fd] })
  closeSync(fd)
  t.equal(status, 0)
  const { uid, gid } = lstatSync(fifo)
  t.same([uid, gid], [0, 0])
})

/** Kilobytes of memory a process holds that are its own. */
const held = (pid: number) =>
  Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

await test('F6: output that nobody reads is kept nowhere, and callers that go away leave nothing', {}, async oci => {
  const { t, ok } = oci
  const { start } = sceneOf(oci)
  const id = await start()
  const flood = ['/bin/sh', '-c', 'exec busybox yes 0123456789012345678901234567890123456789']
  for (const options of [[], ['-t']]) {
    const child = spawn(command(), ['--root', oci.root, 'exec', ...options, id, ...flood], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    child.stdout.pause()
    await eventually(() => child.stdout.readableLength > 0 || processesOf(id).length > 1 || undefined)
    await new Promise(resolve => setTimeout(resolve, 500))
    const pid = child.pid ?? 0
    t.ok(held(pid) < 4096, `exec ${options} holds ${held(pid)} KiB`)
    child.kill('SIGKILL')
    child.stdout.destroy()
    t.ok(
      await eventually(() => !isAlive(pid) && processesOf(id).length === 1),
      'when its caller is gone, so is the program',
    )
  }
  t.equal(JSON.parse(await ok(['state', id])).status, 'running')
})
