import { TsboxError } from '@tsbox/errors'
import type { Controller, ControllerHome } from '../host.ts'
import { missingController } from '../host.ts'
import type { LimitWrite } from '../writes.ts'
import type { Int64 } from './resources.ts'

/** What a field of `linux.resources` asks of one kernel file. */
export interface Wish {
  /** The field's JSON path: `linux.resources.memory.limit`. */
  readonly knob: string
  /** The file on the version at hand; undefined where that version has nothing for this field. */
  readonly file: string | undefined
  readonly value: string
  /** This lifts a limit. A new group has none, so only a live one that has the file is written. */
  readonly lifts?: boolean
  /** What to do instead, where there is no file. */
  readonly hint?: string
}

/** Where a controller's wishes are to come true. */
export interface Place {
  /** Version of the controller on this host; 2 where the host has none, which only "no limit" survives. */
  readonly version: 1 | 2
  /** Text of a file of the live group; undefined for a file it does not have. Absent for a group that is yet to be made. */
  readonly read?: ((file: string) => string | undefined) | undefined
  /** Whether groups of this controller have a file; undefined when that is not known. */
  readonly has: (file: string) => boolean | undefined
}

/** Wishes for one controller's part of the resources. */
export type Wishes<Part> = (part: Part, place: Place) => readonly Wish[]

const noCounterpart = (wish: Wish, controller: string, version: 1 | 2): TsboxError =>
  new TsboxError(
    'ERR_TSBOX_CONTROLLER',
    `${wish.knob} cannot be enforced here: the ${controller} controller has nothing for it on cgroup v${version}`,
    { hint: wish.hint ?? `leave out ${wish.knob}`, step: wish.knob },
  )

interface Grant {
  readonly controller: Controller
  readonly home: ControllerHome | undefined
  readonly place: Place
}

/**
 * The writes that make wishes true.
 *
 * @throws TsboxError ERR_TSBOX_CONTROLLER for a limit that this host cannot enforce
 */
export const granted = (wishes: readonly Wish[], { controller, home, place }: Grant): readonly LimitWrite[] =>
  wishes.flatMap(wish => {
    const { knob, file, value } = wish
    if (wish.lifts === true && (home === undefined || file === undefined || !isLive(place, file))) return []
    if (home === undefined) throw missingController(controller, knob)
    if (file === undefined) throw noCounterpart(wish, controller, home.version)
    return [{ controller, ...home, file, value, knob }]
  })

const isLive = (place: Place, file: string): boolean => place.read?.(file) !== undefined

/** The error for a value a field cannot have. */
export const badResource = (knob: string, why: string, hint?: string): TsboxError =>
  new TsboxError('ERR_TSBOX_SPEC', `${knob}: ${why}`, { step: knob, hint })

/**
 * A 64-bit number of the configuration. Absent and 0 are both undefined: the fields read by this mean "leave it as it is"
 * by either, as the runtimes that came before read them.
 */
export const setting = (value: Int64 | undefined, knob: string): bigint | undefined => {
  if (value === undefined) return undefined
  const whole = wholeNumber(value, knob)
  return whole === 0n ? undefined : whole
}

/** The same where 0 is a value of its own. */
export const wholeNumber = (value: Int64, knob: string): bigint => {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw badResource(knob, `${value} is not a whole number`)
  }
  return BigInt(value)
}

/** The number unchanged when it is one that an unsigned field can have. */
export const notNegative = (value: bigint, knob: string): bigint => {
  if (value >= 0n) return value
  throw badResource(knob, `${value} is negative`)
}
