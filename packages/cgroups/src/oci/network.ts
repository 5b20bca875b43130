import type { OciResources } from './resources.ts'
import { badResource, type Wishes } from './wish.ts'

type Network = NonNullable<OciResources['network']>

const KNOB = 'linux.resources.network'

const isU32 = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff

/** `classID`, a 32-bit number; 0 is no class. Only v1 has it. */
export const netClassWishes: Wishes<Network> = ({ classID }) => {
  const knob = `${KNOB}.classID`
  if (classID === undefined) return []
  if (!isU32(classID)) throw badResource(knob, `${classID} is not a 32-bit number`)
  return [{ knob, file: 'net_cls.classid', value: String(classID), lifts: classID === 0 }]
}

/** `priorities` of network interfaces, by name. Only v1 has it. */
export const netPriorityWishes: Wishes<Network> = ({ priorities = [] }) =>
  priorities.map(({ name, priority }, index) => {
    const knob = `${KNOB}.priorities[${index}]`
    // IFNAMSIZ less the NUL; the file separates by white space.
    if (!/^[^\s/]{1,15}$/.test(name)) {
      throw badResource(`${knob}.name`, `${JSON.stringify(name)} is not an interface's name`)
    }
    if (!isU32(priority)) throw badResource(`${knob}.priority`, `${priority} is not a 32-bit number`)
    return { knob, file: 'net_prio.ifpriomap', value: `${name} ${priority}` }
  })
