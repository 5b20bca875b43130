import type { Op } from '@tsbox/protocol'
import type { ContainerInput, NetDevice } from './input.ts'
import { PID } from './state-text.ts'

const ip = (tool: string, words: readonly string[]): Op => ({
  op: 'spawn',
  path: tool,
  argv: ['ip', ...words],
  env: [],
  input: '',
  timeoutMs: 10_000,
  optional: 0,
})

/** The supervisor's part: each interface goes to the network of init, under its new name. */
export const moveDeviceOps = ({ netDevices }: ContainerInput): readonly Op[] =>
  netDevices.map(({ tool, name, inside }) =>
    ip(tool, ['link', 'set', 'dev', name, 'netns', PID, 'name', inside]),
  )

/** Init's part: moving an interface takes its addresses and its being up (runtime-spec, config-linux.md, "Network Devices"). */
export const restoreDeviceOps = ({ netDevices }: ContainerInput): readonly Op[] => netDevices.flatMap(restore)

const restore = ({ tool, handle, addresses, up }: NetDevice): readonly Op[] => [
  ...addresses.map(address => ip(tool, ['address', 'add', address, 'dev', handle])),
  ...(up ? [ip(tool, ['link', 'set', 'dev', handle, 'up'])] : []),
]
