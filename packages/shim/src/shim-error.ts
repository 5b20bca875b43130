import { type ErrorCode, type SystemErrorLike, TsboxError } from '@tsbox/errors'
import { allOps, CLAIM, describeOp, type Op, type OpOf, type Plan, type StatusRecord } from '@tsbox/protocol'
import { errnoMessage, errnoName } from './errno.ts'
import { hintFor } from './hints.ts'

/**
 * The error in what a shim told, if there is one: the plan was refused, a step failed, or init ended before its
 * program began. Failures of teardown are no error of the box; see `teardownFailures`.
 */
export const errorOf = (plan: Plan, records: readonly StatusRecord[]): TsboxError | undefined => {
  const ops = allOps(plan)
  const setUp = plan.outer.length + plan.inner.length
  for (const record of records) {
    if (record.kind === 'refused') return refused(ops, record)
    if (record.kind === 'failed' && record.index < setUp)
      return outputOf(ops, records, record) ?? failed(ops, record)
  }
  // One that nobody supervises ends with its last step, which came if none failed.
  const isSupervised = plan.outer.some(({ op }) => op === 'supervise')
  if (!isSupervised || records.some(({ kind }) => kind === 'started')) return undefined
  return died(plan, records)
}

/** What could not be removed, by step. Empty when nothing was left behind. */
export const teardownFailures = (plan: Plan, records: readonly StatusRecord[]): readonly TsboxError[] => {
  const ops = allOps(plan)
  const setUp = plan.outer.length + plan.inner.length
  return records.flatMap(record =>
    record.kind === 'failed' && record.index >= setUp && ops[record.index]?.op !== 'collect'
      ? [failed(ops, record)]
      : [],
  )
}

/** What a program said that failed, when that is what failed. */
const outputOf = (
  ops: readonly Op[],
  records: readonly StatusRecord[],
  { index }: Failed,
): TsboxError | undefined => {
  const op = ops[index]
  const output = records.find(record => record.kind === 'output' && record.index === index)
  return op?.op === 'spawn' && output?.kind === 'output' ? spawnFailure(op, output) : undefined
}

type Failed = Extract<StatusRecord, { kind: 'failed' }>

const failed = (ops: readonly Op[], { index, errno }: Failed): TsboxError => {
  const op = ops[index]!
  const name = errnoName(errno)
  const cause = systemError(op, errno)
  return new TsboxError(codeOf(op, name), messageOf(op, errno, programOf(ops)), {
    step: op.op,
    index,
    op,
    hint: hintFor(op, name),
    cause,
  })
}

/** What a plan is for, as its user calls it. */
const programOf = (ops: readonly Op[]): string => {
  const exec = ops.find(op => op.op === 'exec')
  return exec?.op === 'exec' ? String(exec.argv[0]) : ''
}

const systemError = (op: Op, errno: number): SystemErrorLike => {
  const name = errnoName(errno)
  const path = 'path' in op ? { path: String(op.path) } : {}
  const error = new Error(`${name}: ${errnoMessage(errno)}, ${op.op}`)
  return Object.assign(error, { code: name, errno: -errno, syscall: op.op, ...path })
}

/** Steps that fail because of the state a container is in. */
const STATE_STEPS: ReadonlySet<Op['op']> = new Set(['knock', 'take', 'ended', 'openProcess', 'sendSignal'])

const codeOf = (op: Op, errno: string): ErrorCode => {
  if (op.op === 'exec' || op.op === 'findProgram')
    return errno === 'ENOENT' ? 'ERR_TSBOX_NOT_FOUND' : 'ERR_TSBOX_NOT_EXECUTABLE'
  if (op.op === 'claim' && errno === 'EEXIST') return 'ERR_TSBOX_NAME_TAKEN'
  if (op.op === 'lock') return 'ERR_TSBOX_ROOTFS'
  if (STATE_STEPS.has(op.op)) return 'ERR_TSBOX_STATE'
  if (op.op === 'makeCgroup') return 'ERR_TSBOX_CGROUP'
  if (op.op === 'writeAt' && errno === 'ENOENT' && !/^(attr|sys)\//.test(String(op.file)))
    return 'ERR_TSBOX_CONTROLLER'
  if (op.op === 'open' && (errno === 'ENOENT' || errno === 'ENOTDIR')) return 'ERR_TSBOX_ROOTFS'
  return 'ERR_TSBOX_STEP'
}

const messageOf = (op: Op, errno: number, program: string): string => {
  const why = errnoMessage(errno)
  switch (op.op) {
    case 'exec':
      return `${JSON.stringify(op.argv[0])} cannot be executed: ${why}`
    case 'findProgram':
      return notFound(op.paths.map(String), program, why)
    case 'claim':
      return errnoName(errno) === 'EEXIST' ? taken(op) : `the run directory ${op.path} cannot be made: ${why}`
    case 'knock':
      return errnoName(errno) === 'ESRCH'
        ? 'the container has stopped: container not running'
        : 'the container does not wait to be started'
    case 'take':
      return `another verb works on the container ${op.path}`
    case 'openProcess':
    case 'sendSignal':
      return `the process is gone: container not running (${why})`
    case 'ended':
      return 'the container is still running'
    case 'lock':
      return `${JSON.stringify(op.path)} is in use by another box`
    case 'open':
      return `${JSON.stringify(op.path)}: ${why}`
    case 'makeCgroup':
      return op.reuse !== 0 && errnoName(errno) === 'EEXIST'
        ? `the cgroup ${op.mount}${op.path} has processes already`
        : `the cgroup ${op.mount}${op.path} cannot be made: ${why}`
    default:
      return `${shortened(describeOp(op))}: ${why}`
  }
}

/** Some operations carry a whole document. */
const shortened = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text)

const taken = ({ path, reclaim }: OpOf<'claim'>): string => {
  const name = JSON.stringify(String(path).split('/').at(-1))
  return reclaim === CLAIM.refuse
    ? `container with given ID already exists: ${name}`
    : `a box named ${name} is running`
}

/** In the words that engines look for; a name without a slash was looked for in PATH, which may have no directory. */
const notFound = (paths: readonly string[], program: string, why: string): string => {
  if (program.includes('/')) return `exec: ${JSON.stringify(paths[0] ?? program)}: ${why}`
  return why === errnoMessage(2)
    ? `exec: ${JSON.stringify(program)}: executable file not found in $PATH`
    : `exec: ${JSON.stringify(program)}: ${why}`
}

type Output = Extract<StatusRecord, { kind: 'output' }>

/** The error of a program that was run beside the box, with the first of what it said. */
export const spawnFailure = (op: OpOf<'spawn'>, { wait, errno, data }: Output): TsboxError => {
  const signal = wait & 0x7f
  const how =
    errnoName(errno) === 'ETIMEDOUT'
      ? `took longer than ${op.timeoutMs / 1000} s`
      : errnoName(errno) === 'EINTR'
        ? 'was ended because tsbox was told to end'
        : signal > 0
          ? `was ended by signal ${signal}`
          : `ended with status ${(wait >> 8) & 0xff}`
  const said = data.toString().trim()
  return new TsboxError('ERR_TSBOX_STEP', `the hook ${op.path} ${how}${said === '' ? '' : `: ${said}`}`, {
    step: 'spawn',
    op,
    hint: wait >> 8 === 127 ? 'It is not there, or its interpreter is not.' : undefined,
  })
}

const refused = (ops: readonly Op[], { index, errno }: { index: number; errno: number }): TsboxError =>
  new TsboxError(
    'ERR_TSBOX_PLAN',
    `the shim refused the plan at operation ${index}: ${errnoMessage(errno)}`,
    {
      index,
      op: ops[index],
      hint:
        errnoName(errno) === 'EPROTONOSUPPORT'
          ? 'The shim and this program are of different versions: install both again.'
          : 'Nothing was run. This is a bug of tsbox: please report the plan (--dry-run prints it).',
    },
  )

/** Ends that somebody asked for; they can come before the program does. */
const ASKED: Readonly<Record<string, string>> = {
  'owner-lost': 'because its owner went away',
  timeout: 'by its time limit',
  stopped: 'because it was asked to stop',
}

/** No failure was told and nothing started: init was killed, by a signal or for memory, or the shim itself was. */
const died = (plan: Plan, records: readonly StatusRecord[]): TsboxError => {
  const exited = records.find(record => record.kind === 'exited')
  const signal = exited === undefined ? 0 : exited.wait & 0x7f
  const last = records.reduce(
    (index, record) => (record.kind === 'done' && record.index < 0xffffffff ? record.index : index),
    -1,
  )
  const where = last < 0 ? '' : ` after ${describeOp(allOps(plan)[last]!)}`
  const reason = exited === undefined ? undefined : ASKED[exited.reason]
  if (reason !== undefined || (exited?.signal ?? 0) > 0) {
    const why = reason ?? `by signal ${exited?.signal}`
    return new TsboxError(
      'ERR_TSBOX_SHIM_DIED',
      `the box was ended ${why} before its program started${where}`,
    )
  }
  return new TsboxError(
    'ERR_TSBOX_SHIM_DIED',
    `the set-up of the box was ended${signal > 0 ? ` by signal ${signal}` : ''} before its program started${where}`,
    {
      hint: 'If its memory or pids limit is very small, set-up itself may have hit it; everything was removed.',
    },
  )
}
