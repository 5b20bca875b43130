// What tsbox tells: the plan, the trace, the receipt, its help, and what this host can do.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { boxTests } from '../helpers/box-test.ts'
import { command, outcomeOf, tsbox } from '../helpers/command.ts'
import { HOST } from '../helpers/groups.ts'
import { NOTHING, snapshot } from '../helpers/residue.ts'

const test = boxTests(import.meta.filename)

await test('--dry-run prints the plan in its three chapters and does nothing', async ({
  t,
  inProbe,
  rootfs,
  name,
}) => {
  const { stdout, stderr, status } = await tsbox([
    'run',
    '--dry-run',
    '--pids',
    '20',
    ...inProbe(),
    '/bin/probe',
    'write',
    '/made',
    'x',
  ])
  t.equal(status, 0)
  t.equal(stderr, '')
  t.match(stdout, /^outer: [\s\S]*\n\ninner: [\s\S]*\n\nteardown: /)
  const rows = stdout.split('\n').filter(row => /^ *\d+ {2}/.test(row))
  t.same(
    rows.map(row => Number.parseInt(row, 10)),
    rows.map((_, i) => i),
    'every operation with its index',
  )
  t.match(stdout, `claim slot=#0 path="/run/tsbox/${name()}"`)
  t.match(stdout, 'file="pids.max" data="20"')
  t.match(stdout, 'setHostname name="container"')
  t.match(stdout, 'argv=["/bin/probe", "write", "/made", "x"]')
  t.same(readdirSync(rootfs), ['bin'], 'nothing was made')
  t.same(snapshot(name()), NOTHING)
})

await test('what --dry-run prints is what is done: --trace has the same operations', async ({
  t,
  inProbe,
  dir,
}) => {
  const trace = join(dir, 'trace.json')
  const plan = (await tsbox(['run', '--dry-run', ...inProbe(), '/bin/probe', 'true'])).stdout
  await tsbox(['run', '--trace', trace, ...inProbe(), '/bin/probe', 'true'])
  const planned = plan.split('\n').flatMap(row => /^ *\d+ {2}(\w+)/.exec(row)?.[1] ?? [])
  const events = JSON.parse(readFileSync(trace, 'utf8')).traceEvents as readonly TraceEvent[]
  const done = [...events].sort((a, b) => a.args.index - b.args.index).map(event => event.name)
  t.same(
    done.filter(step => step !== 'handback'),
    planned,
  )
})

interface TraceEvent {
  readonly name: string
  readonly cat: string
  readonly ph: string
  readonly ts: number
  readonly dur: number
  readonly pid: number
  readonly tid: number
  readonly args: { readonly index: number; readonly op: string }
}

await test('--trace writes Chrome trace events, complete and in order, that a viewer takes', async ({
  t,
  inProbe,
  dir,
}) => {
  const trace = join(dir, 'trace.json')
  const { status } = await tsbox(['run', '--trace', trace, ...inProbe(), '/bin/probe', 'exit', '6'])
  t.equal(status, 6, 'the status is that of the program')
  const file = JSON.parse(readFileSync(trace, 'utf8')) as {
    traceEvents: readonly TraceEvent[]
    displayTimeUnit: string
  }
  t.ok(['ms', 'ns'].includes(file.displayTimeUnit))
  for (const event of file.traceEvents) {
    t.ok(
      event.ph === 'X' && event.dur >= 0 && event.ts >= 0 && event.name && Number.isInteger(event.tid),
      JSON.stringify(event),
    )
  }
  for (const tid of new Set(file.traceEvents.map(event => event.tid))) {
    const own = file.traceEvents.filter(event => event.tid === tid)
    const overlap = own.find(
      (event, i) => i > 0 && event.ts + 0.001 < (own[i - 1]?.ts ?? 0) + (own[i - 1]?.dur ?? 0),
    )
    t.equal(overlap, undefined, 'one after the other in each process')
  }
  t.same(new Set(file.traceEvents.map(event => event.cat)), new Set(['outer', 'inner', 'teardown']))
  t.ok(file.traceEvents.every(event => event.args.op.startsWith(event.name)))
})

await test('a trace of a box that failed ends with the step that failed', async ({ t, inProbe, dir }) => {
  const trace = join(dir, 'trace.json')
  const { status } = await tsbox(['run', '--trace', trace, ...inProbe(), '/none'])
  t.equal(status, 127)
  const failed = JSON.parse(readFileSync(trace, 'utf8')).traceEvents.filter(
    (event: TraceEvent) => event.cat === 'failed',
  )
  t.same(
    failed.map((event: TraceEvent) => event.name),
    ['exec'],
  )
})

await test('each --help fits a screen, shows an example, and costs nothing', async ({ t }) => {
  for (const args of [['--help'], ['run', '--help'], ['doctor', '--help'], ['-h'], ['run', '-h'], ['help']]) {
    const { stdout, stderr, status } = await tsbox(args)
    const what = `tsbox ${args.join(' ')}`
    t.equal(status, 0, what)
    t.equal(stderr, '')
    const lines = stdout.trimEnd().split('\n')
    t.ok(lines.length <= 50, `${what}: ${lines.length} lines`)
    t.same(
      lines.filter(line => line.length > 100),
      [],
      `${what}: at most 100 columns`,
    )
    t.match(stdout, /^Usage: tsbox/)
    t.match(stdout, /^Example: sudo tsbox /m)
  }
})

const OPTIONS =
  `root rootfs layer upper name hostname workdir env env-file user volume tmpfs read-only net pids memory
  memory-swap cpus cpu-weight cpuset-cpus io-max ulimit cap-add cap-drop privileged security-opt sysctl timeout stop-signal stop-timeout
  init tty no-tty dry-run trace receipt cgroup-parent`.split(/\s+/)

await test('run --help names every option there is', async ({ t }) => {
  const { stdout } = await tsbox(['run', '--help'])
  const named = [...stdout.matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)].map(match => match[1])
  t.same(new Set(named), new Set(OPTIONS))
  for (const short of ['-w', '-e', '-u', '-v', '-t', '-T']) t.match(stdout, `  ${short}, --`)
})

await test('an example of the help works as it stands', async ({ t, name }) => {
  const example = /^Example: sudo tsbox (.*)$/m.exec((await tsbox(['run', '--help'])).stdout)?.[1] ?? ''
  const words = example.replaceAll('"$PWD"', process.cwd()).split(' ')
  const { status, stdout } = await tsbox([words[0] ?? '', '--name', name(), ...words.slice(1)], {
    input: 'echo works; exit 5\n',
  })
  t.equal(stdout, 'works\n')
  t.equal(status, 5)
})

await test('tsbox alone shows the help; --version says one line', async ({ t }) => {
  t.match((await tsbox([])).stdout, 'Usage: tsbox')
  t.match((await tsbox(['--version'])).stdout, /^tsbox \d+\.\d+\.\d+\n$/)
})

await test('doctor: a box can run here, and how it found that', async ({ t }) => {
  const { stdout, status } = await tsbox(['doctor'])
  t.equal(status, 0, stdout)
  t.match(stdout, /^ok +user /m)
  t.match(stdout, new RegExp(`^ok +cgroups +${HOST.mode}$`, 'm'))
  t.match(stdout, /^ok +trial /m)
  t.match(stdout, 'Boxes can run here.')
})

await test('doctor --json: the same for programs', async ({ t }) => {
  const { stdout, status } = await tsbox(['doctor', '--json'])
  t.equal(status, 0)
  const checks = JSON.parse(stdout) as readonly {
    name: string
    state: string
    detail: string
    fix?: string
  }[]
  for (const name of [
    'user',
    'kernel',
    'cgroups',
    'cgroup pids',
    'cgroup memory',
    'overlayfs',
    'shim',
    'run directory',
    'trial',
  ]) {
    t.ok(
      checks.some(check => check.name === name),
      name,
    )
  }
  t.ok(checks.every(({ state, detail }) => ['ok', 'limited', 'missing'].includes(state) && detail !== ''))
  t.ok(
    checks.every(({ state, fix }) => state === 'ok' || (fix ?? '') !== ''),
    'a fix for each that is not ok',
  )
})

await test('doctor names what is missing and how to get it, and its status says that boxes cannot run', async ({
  t,
}) => {
  const rights = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
  const user = await outcomeOf('setpriv', [
    '--reuid',
    '65534',
    '--regid',
    '65534',
    '--clear-groups',
    ...rights,
    command(),
    'doctor',
  ])
  t.equal(user.status, 1)
  t.match(user.stdout, /^MISSING +user +not root\n +Run it with sudo\.$/m)
  const frozen = await outcomeOf('unshare', [
    '-m',
    'sh',
    '-c',
    `mount -t tmpfs -o ro tmpfs /run && exec ${command()} doctor`,
  ])
  t.equal(frozen.status, 1)
  t.match(frozen.stdout, /^MISSING +run directory/m)
  t.match(frozen.stdout, 'Boxes cannot run here')
  t.ok(existsSync('/run'))
})
