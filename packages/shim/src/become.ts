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

/**
 * Becomes the supervisor of a box: this Node program ends here, in place, and what its caller waits for is the box.
 * `process.execve` keeps no descriptor but the standard streams, so the plan goes in the environment.
 */
export const becomeSupervisor = (shim: string, plan: Buffer): never => {
  const { execve } = process
  if (execve === undefined) throw new Error('process.execve needs Node 22.15 or newer')
  return execve.call(process, shim, ['tsbox-shim'], planEnvironment(plan))
}
