export { isTsboxError, TsboxError } from '@tsbox/errors'
export { type Receipt, type RunningBox, type RunOptions, run } from '@tsbox/runtime'
export type { BoxInput } from '@tsbox/spec'
