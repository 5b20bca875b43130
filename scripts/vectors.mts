// The golden vectors: for each plan of test/vectors/plans.ts its bytes, and its description beside them.
import { describePlan, encode } from '../packages/protocol/src/index.ts'
import { VECTORS } from '../test/vectors/plans.ts'

/** File contents by path from the root of the checkout. */
export const vectorFiles = (): Record<string, string | Buffer> =>
  Object.fromEntries(
    Object.entries(VECTORS).flatMap(([name, { plan, flags }]) => [
      [`test/vectors/${name}.bin`, encode(plan, flags)],
      [`test/vectors/${name}.txt`, `${describePlan(plan)}\n`],
    ]),
  )
