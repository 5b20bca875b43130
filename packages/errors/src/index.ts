export { ERROR_CODES, type ErrorCode } from './codes.ts'
export { isTsboxError, type SystemErrorLike, TsboxError, type TsboxErrorDetails } from './tsbox-error.ts'
