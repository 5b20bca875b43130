import { ERROR_CODES, type ErrorCode } from './codes.ts'

/** An operating-system error in the shape Node gives its own: code, errno (negative), syscall, path. */
export interface SystemErrorLike extends Error {
  readonly code: string
  readonly errno: number
  readonly syscall: string
  readonly path?: string
}

export interface TsboxErrorDetails {
  /** What to try, as one sentence. */
  readonly hint?: string | undefined
  /** The step that failed: an operation's name, an option, a file. */
  readonly step?: string | undefined
  /** The failing operation's place in the plan, from 0. */
  readonly index?: number | undefined
  /** The failing entry of the plan, as the planner wrote it. */
  readonly op?: unknown
  readonly cause?: unknown
}

/** Every error tsbox throws on purpose. Callers compare `code`, never the message. */
export class TsboxError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly step: string | undefined
  readonly index: number | undefined
  readonly op: unknown

  constructor(code: ErrorCode, message: string, details: TsboxErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.hint = details.hint
    this.step = details.step
    this.index = details.index
    this.op = details.op
  }

  override get name(): 'TsboxError' {
    return 'TsboxError'
  }

  /** The exit status a command ends with when this error reaches its user. */
  get exitStatus(): number {
    return ERROR_CODES[this.code].exit
  }
}

/** Whether `error` is a TsboxError, across copies of this package, optionally of one code. */
export const isTsboxError = (error: unknown, code?: ErrorCode): error is TsboxError =>
  error instanceof Error &&
  error.name === 'TsboxError' &&
  (code === undefined || (error as TsboxError).code === code)
