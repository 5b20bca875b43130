/** One string of an environment holds 128 KiB at most (execve(2), MAX_ARG_STRLEN); base64 makes 4 bytes of 3. */
const PART_BYTES = 96 * 1024 - 3

/**
 * The environment in which the shim finds a plan: TSBOX_PLAN_A, TSBOX_PLAN_B … in base64. Only root can read it, and
 * the shim's first act is to continue without it.
 */
export const planEnvironment = (plan: Buffer): Record<string, string> => {
  const env: Record<string, string> = {}
  for (let at = 0, part = 0; at < plan.length; at += PART_BYTES, part++) {
    env[`TSBOX_PLAN_${String.fromCharCode(65 + part)}`] = plan.toString(
      'base64',
      at,
      Math.min(at + PART_BYTES, plan.length),
    )
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
