import type { Capability } from '../capabilities.ts'
import type { OciSeccomp } from '../oci/seccomp.ts'
import { argumentRules } from './argument-rules.ts'
import { EVERYDAY_CALLS } from './everyday-calls.ts'
import { ADMIN_ELSE_UNKNOWN, GATED_CALLS, REFUSED_CALLS } from './gated-calls.ts'
import type { Machine } from './machine.ts'
import { OCI_ARCHITECTURES } from './machine.ts'

const EPERM = 1
const ENOSYS = 38

/**
 * The filter of a box whose user names none. What it lists is allowed; what is known and refused answers EPERM; all
 * else, and what later kernels bring, answers ENOSYS, as on a kernel that does not have it. Of the architectures a
 * machine runs only its own is let in: a 32-bit or x32 call ends the process (SIGSYS), because those have other numbers
 * for the same calls, and i386's socketcall hides its arguments behind a pointer.
 *
 * @param capabilities what the box may have: its bounding set
 */
export const defaultSeccomp = (capabilities: readonly Capability[], machine: Machine): OciSeccomp => {
  const has = (capability: Capability) => capabilities.includes(capability)
  const open = GATED_CALLS.filter(({ anyOf }) => anyOf.some(has))
  const closed = GATED_CALLS.filter(({ anyOf }) => !anyOf.some(has))
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: ENOSYS,
    architectures: [OCI_ARCHITECTURES[machine]],
    syscalls: [
      {
        action: 'SCMP_ACT_ALLOW',
        names: [
          ...EVERYDAY_CALLS,
          ...open.flatMap(({ calls }) => calls),
          ...(has('SYS_ADMIN') ? ADMIN_ELSE_UNKNOWN : []),
        ],
      },
      {
        action: 'SCMP_ACT_ERRNO',
        errnoRet: EPERM,
        names: [...REFUSED_CALLS, ...closed.flatMap(({ calls }) => calls)],
      },
      ...argumentRules(has),
    ],
  }
}
