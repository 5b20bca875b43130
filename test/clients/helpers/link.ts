import { outcomeOf } from '../../helpers/command.ts'
import type { Machine } from './machine.ts'

/** Where linked machines find each other. */
export const ADDRESSES = ['192.168.77.1', '192.168.77.2'] as const

/** Joins two machines by a cable: the interface `cable0` of each, with its address. It ends with either machine. */
export const linkMachines = async (first: Machine, second: Machine): Promise<void> => {
  const inNetworkOf = (machine: Machine) => ['-t', `${machine.pid}`, '-n', '--', 'ip']
  const link = ['link', 'add', 'cable0', 'type', 'veth', 'peer', 'name', 'cable0', 'netns', `${second.pid}`]
  const made = await outcomeOf('nsenter', [...inNetworkOf(first), ...link])
  if (made.status !== 0) throw new Error(`no cable between the machines: ${made.stderr}`)
  for (const [i, machine] of [first, second].entries()) {
    const up = await machine.sh(`ip addr add ${ADDRESSES[i]}/24 dev cable0 && ip link set cable0 up`)
    if (up.status !== 0) throw new Error(`the cable has no end in ${machine.name}: ${up.stderr}`)
  }
}
