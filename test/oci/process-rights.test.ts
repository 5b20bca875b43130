// Capabilities, scheduling and processors of a container's program.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { IN_VM } from '../helpers/box-test.ts'
import { outcomeOf } from '../helpers/command.ts'
import { ociTests } from './helpers/oci-test.ts'

const test = ociTests(import.meta.filename)

const BITS: Readonly<Record<string, bigint>> = {
  CHOWN: 0n,
  KILL: 5n,
  SETGID: 6n,
  SETUID: 7n,
  NET_BIND_SERVICE: 10n,
  NET_RAW: 13n,
  SYS_CHROOT: 18n,
}
const mask = (names: readonly string[]) => names.reduce((bits, name) => bits | (1n << BITS[name]!), 0n)
const caps = (names: readonly string[]) => names.map(name => `CAP_${name}`)

/** The five sets as /proc/PID/status has them, in the order of its lines. */
const setsIn = (status: string): readonly bigint[] =>
  ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'].map(set =>
    BigInt(`0x${new RegExp(`^Cap${set}:\\s+(\\w+)$`, 'm').exec(status)?.[1]}`),
  )

const SETS = {
  bounding: ['CHOWN', 'KILL', 'NET_RAW', 'NET_BIND_SERVICE', 'SYS_CHROOT'],
  permitted: ['CHOWN', 'KILL', 'NET_RAW', 'NET_BIND_SERVICE'],
  effective: ['CHOWN', 'KILL'],
  inheritable: ['KILL', 'NET_BIND_SERVICE'],
  ambient: ['NET_BIND_SERVICE'],
}
const capabilities = Object.fromEntries(Object.entries(SETS).map(([set, names]) => [set, caps(names)]))

await test('each of the five sets is what was asked for, and ambient ones reach a user', {
  shows: ['process.capabilities.{bounding,effective,inheritable,permitted,ambient}'],
}, async ({ t, create }) => {
  const user = { uid: 1000, gid: 1000 }
  const container = await create({ process: { user, capabilities, args: ['/bin/probe', 'caps'] } })
  const wanted = [SETS.inheritable, SETS.permitted, SETS.effective, SETS.bounding, SETS.ambient].map(mask)
  t.same(setsIn(readFileSync(`/proc/${await container.pid()}/status`, 'utf8')), wanted, 'before the program')
  await container.start()
  await container.says(/Securebits/)
  const ambient = mask(SETS.ambient)
  t.same(setsIn(container.stdout()), [wanted[0], ambient, ambient, wanted[3], ambient], 'the program')
})

await test('root has at most what is permitted and bounding', {
  shows: ['process.capabilities.{bounding,permitted}'],
}, async ({ t, run }) => {
  const sets = {
    bounding: caps(['CHOWN', 'KILL']),
    permitted: caps(['CHOWN', 'NET_RAW']),
    effective: caps(['CHOWN']),
  }
  const args = ['/bin/probe', 'caps']
  const limited = setsIn((await run({ process: { args, capabilities: sets, noNewPrivileges: true } })).stdout)
  t.same(limited, [0n, mask(['CHOWN']), mask(['CHOWN']), mask(['CHOWN', 'KILL']), 0n])
  const none = setsIn((await run({ process: { args, capabilities: undefined } })).stdout)
  t.same(none, [0n, 0n, 0n, 0n, 0n], 'without the field there are none')
})

await test('a capability the kernel does not have is a warning', {
  shows: ['process.capabilities.bounding'],
}, async ({ t, dir, id, bundle, tsbox }) => {
  const name = id()
  const sets = {
    bounding: ['CAP_CHOWN', 'CAP_FLY'],
    permitted: ['CAP_CHOWN', 'CAP_FLY'],
    effective: ['CAP_CHOWN'],
  }
  const { dir: made } = bundle(name, { process: { args: ['/bin/true'], capabilities: sets } })
  const log = join(dir, 'log')
  const { status } = await tsbox(['--log', log, '--log-format', 'json', 'run', '--bundle', made, name])
  t.equal(status, 0)
  const [line = ''] = readFileSync(log, 'utf8').split('\n')
  t.match(JSON.parse(line), { level: 'warning', msg: /process\.capabilities: .*CAP_FLY/ })
})

/** What util-linux says of a process of the host. */
const told = async (program: 'chrt' | 'ionice', pid: number): Promise<string> =>
  (await outcomeOf(program, ['-p', `${pid}`])).stdout

/** Real-time policies need time of the group's own where v1's cpu controller gives it out. */
const given = { linux: { resources: { cpu: { realtimePeriod: 1_000_000, realtimeRuntime: 10_000 } } } }
const realtime = IN_VM ? {} : given

await test('scheduler: each policy this kernel has', {
  shows: [
    'process.scheduler.{policy,nice,priority,flags}',
    'linux.resources.cpu.{realtimeRuntime,realtimePeriod}',
  ],
}, async ({ t, start, marker }) => {
  for (const [scheduler, words, rest] of [
    [{ policy: 'SCHED_OTHER', nice: 7 }, /SCHED_OTHER\b/, {}],
    [{ policy: 'SCHED_BATCH', nice: -5 }, /SCHED_BATCH\b/, {}],
    [{ policy: 'SCHED_IDLE', flags: ['SCHED_FLAG_RESET_ON_FORK'] }, /SCHED_IDLE\|SCHED_RESET_ON_FORK/, {}],
    [{ policy: 'SCHED_FIFO', priority: 11 }, /SCHED_FIFO[\s\S]*priority: 11/, realtime],
    [{ policy: 'SCHED_RR', priority: 12 }, /SCHED_RR[\s\S]*priority: 12/, realtime],
  ] as const) {
    // The group lies at the top, because groups between would need real time of their own.
    const linux = { ...(rest as Partial<typeof given>).linux, cgroupsPath: `/${marker}-${scheduler.policy}` }
    const { pid, kill } = await start({ process: { scheduler }, linux })
    const number = await pid()
    t.match(await told('chrt', number), words, scheduler.policy)
    const nice = Number(readFileSync(`/proc/${number}/stat`, 'latin1').split(') ')[1]?.split(' ')[16])
    if ('nice' in scheduler) t.equal(nice, scheduler.nice)
    await kill()
  }
})

await test('scheduler: SCHED_DEADLINE, with its times', {
  shows: ['process.scheduler.{runtime,deadline,period,policy}'],
}, async ({ t, start, refusal }) => {
  const scheduler = { policy: 'SCHED_DEADLINE', runtime: 1_000_000, deadline: 30_000_000, period: 60_000_000 }
  const { pid } = await start({ process: { scheduler } })
  t.match(await told('chrt', await pid()), /SCHED_DEADLINE[\s\S]*1000000\/30000000\/60000000/)
  t.match(await refusal({ process: { scheduler: { policy: 'SCHED_ISO' } } }), /process\.scheduler\.policy/)
})

await test('ioPriority', { shows: ['process.ioPriority.{class,priority}'] }, async ({ t, start }) => {
  for (const [name, priority, words] of [
    ['IOPRIO_CLASS_BE', 6, /^best-effort: prio 6$/m],
    ['IOPRIO_CLASS_RT', 2, /^realtime: prio 2$/m],
    ['IOPRIO_CLASS_IDLE', undefined, /^idle/m],
  ] as const) {
    const { pid, kill } = await start({ process: { ioPriority: { class: name, priority } } })
    t.match(await told('ionice', await pid()), words, name)
    await kill()
  }
})

await test('execCPUAffinity is for exec: the first while it is made, the last for the program', {
  shows: ['process.execCPUAffinity.{initial,final}'],
}, async ({ t, start, refusal }) => {
  const args = ['/bin/sh', '-c', 'grep Cpus_allowed_list /proc/self/status']
  const all = /Cpus_allowed_list:\s+(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  const { exec, says } = await start({
    process: {
      args: ['/bin/sh', '-c', `${args[2]}; exec sleep 100`],
      execCPUAffinity: { initial: '0', final: '1' },
    },
  })
  t.match((await says(/Cpus_allowed_list:\s+(\S+)/))[1], all, 'the container itself has them all')
  t.match((await exec(args)).stdout, /:\s+1\n/)
  const first = await start({ process: { execCPUAffinity: { initial: '1' } } })
  // What joining the group does to it is the kernel's affair (config.md, "Linux Process"); those before 6.2 forget it.
  if (!IN_VM) t.match((await first.exec(args)).stdout, /:\s+1\n/, 'without the last the first stays')
  t.match(await refusal({ process: { execCPUAffinity: { final: '1-' } } }), /process\.execCPUAffinity\.final/)
})
