import { readFileSync } from 'node:fs'
import { TsboxError } from '@tsbox/errors'

/** One string of an environment holds 128 KiB at most (execve(2), MAX_ARG_STRLEN), and a character takes up to 2 bytes. */
const PART_CHARACTERS = 60_000

/**
 * The environment in which the shim finds a plan: TSBOX_PLAN_A, TSBOX_PLAN_B … with a character for each byte, U+0100
 * for the NUL that an environment cannot hold. Only root can read it, and the shim's first act is to continue without it.
 */
export const planEnvironment = (plan: Buffer): Record<string, string> => {
  const text = plan.toString('latin1').replaceAll('\0', '\u0100')
  const env: Record<string, string> = {}
  for (let at = 0, part = 0; at < text.length; at += PART_CHARACTERS, part++) {
    env[`TSBOX_PLAN_${String.fromCharCode(65 + part)}`] = text.slice(at, at + PART_CHARACTERS)
  }
  return env
}

/** Up to here every system takes an environment (execve(2): at least 32 pages). */
const ALWAYS_FITS = 64 * 1024

/** What execve(2) takes in all: a quarter of the stack's limit, 6 MiB at most. */
const argumentLimit = (): number => {
  const [, stack] = /^Max stack size\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
  return Math.min(Math.max(Number(stack ?? Number.POSITIVE_INFINITY) / 4, 128 * 1024), 6 * 1024 * 1024)
}

/** Node has no way back from an execve that fails, so one that would is found out before. */
const refuseTooLarge = (env: Readonly<Record<string, string>>): void => {
  const bytes = Object.values(env).reduce((sum, text) => sum + Buffer.byteLength(text) + 32, 0)
  if (bytes < ALWAYS_FITS || bytes + 4096 < argumentLimit()) return
  throw new TsboxError('ERR_TSBOX_SPEC', `the plan is too large to hand over: ${bytes} bytes`, {
    hint: 'Shorten the arguments or the environment, or raise the stack limit (ulimit -s).',
    step: 'execve',
  })
}

/**
 * Becomes the supervisor of a box: this Node program ends here, in place, and what its caller waits for is the box.
 * `process.execve` keeps no descriptor but the standard streams, so the plan goes in the environment.
 *
 * @throws TsboxError ERR_TSBOX_SPEC when the plan is larger than this system hands over
 */
export const becomeSupervisor = (shim: string, plan: Buffer): never => {
  const { execve } = process
  if (execve === undefined) throw new Error('process.execve needs Node 22.15 or newer')
  const env = planEnvironment(plan)
  refuseTooLarge(env)
  return execve.call(process, shim, ['tsbox-shim'], env)
}
