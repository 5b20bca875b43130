import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { TsboxError } from '@tsbox/errors'
import { allOps, type Plan, type StatusRecord } from '@tsbox/protocol'
import { noContainer } from '@tsbox/runtime'
import { errorOf, spawnFailure, teardownFailures } from '@tsbox/shim'
import { readOptions } from '../../option.ts'
import { failureText, logLine, reportFailure } from '../../report/oci-log.ts'
import { printError } from '../../report/print.ts'
import { GLOBAL_OPTIONS, newGlobals } from './context.ts'
import { withField } from './field-of.ts'

/**
 * Tells how a verb went that was not run here: the plan and what was told are at hand, and the words the verb was called with.
 *
 * @returns the exit status
 */
export const tellVerb = (told: {
  readonly plan: Plan
  readonly records: readonly StatusRecord[]
  readonly words: readonly string[]
}): number => {
  const { plan, records, words } = told
  const globals = newGlobals()
  const { rest } = readOptions(words, GLOBAL_OPTIONS, globals)
  const error = errorOf(plan, records)
  const gone = error === undefined ? undefined : deletedMeanwhile(plan)
  if (gone !== undefined) {
    if (rest.includes('--force') || rest.includes('-f')) return 0
    reportFailure(noContainer(gone), globals)
    return 1
  }
  const left = teardownFailures(plan, records)
  for (const warning of [...optionalFailures(plan, records), ...left]) {
    logLine('warning', failureText(warning), globals)
    printError(warning)
  }
  if (error === undefined) return isRemoval(plan) && left.some(isOurs) ? 1 : statusOf(records)
  reportFailure(withField(error, plan), globals)
  return 1
}

/** The id of what was to be removed, and was by somebody else while this verb was on its way. */
const deletedMeanwhile = (plan: Plan): string | undefined => {
  const released = plan.teardown.find(op => op.op === 'release')
  if (!isRemoval(plan) || released === undefined || existsSync(String(released.path))) return undefined
  return basename(String(released.path))
}

/** A verb that removes, and does nothing else, has failed when something is left. */
const isRemoval = ({ inner, teardown }: Plan): boolean => inner.length === 0 && teardown.length > 0

/** Not one of a hook, which changes nothing. */
const isOurs = ({ step }: TsboxError): boolean => step !== 'spawn'

/** Hooks whose failure changes nothing are told of all the same (runtime-spec, runtime.md, "Lifecycle"). */
const optionalFailures = (plan: Plan, records: readonly StatusRecord[]): readonly TsboxError[] =>
  records.flatMap(record => {
    if (record.kind !== 'output') return []
    const op = allOps(plan)[record.index]
    return op?.op === 'spawn' && op.optional !== 0 ? [spawnFailure(op, record)] : []
  })

const statusOf = (records: readonly StatusRecord[]): number => {
  const exited = records.find(record => record.kind === 'exited')
  if (exited === undefined) return 0
  const signal = exited.signal || exited.wait & 0x7f
  return signal > 0 ? 128 + signal : (exited.wait >> 8) & 0xff
}
