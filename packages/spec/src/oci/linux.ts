import { type Check, list, oneOf, shown, text, texts, unlessEmpty } from './check.ts'
import type { OciLinux } from './config.ts'
import { configError } from './config-error.ts'
import { devices } from './devices.ts'
import { idMappings } from './id-mappings.ts'
import { absolutePath, cgroupPath } from './inside-path.ts'
import { parsePropagation } from './mount-options.ts'
import { namespaces } from './namespaces.ts'
import { netDevices } from './net-devices.ts'
import { map, record, unsupported } from './record.ts'
import { resources } from './resources.ts'
import { seccomp } from './seccomp-profile.ts'
import { timeOffsets } from './time-offsets.ts'

const propagation: Check<string> = (value, path) => {
  const read = text(value, path)
  if (parsePropagation(read) !== undefined) return read
  throw configError(
    path,
    `${shown(read)} is not known`,
    'Give one of private, slave, shared, unbindable, or one of them with "r" before it.',
  )
}

const flags: Check<readonly string[]> = (value, path) => {
  const read = texts(value, path)
  if (read.length === 0) return read
  throw configError(`${path}[0]`, `${shown(read[0])} is not known`, 'The specification has no flags yet.')
}

const personality = record<NonNullable<OciLinux['personality']>>({
  fields: { domain: oneOf(['LINUX', 'LINUX32']), flags },
  required: ['domain'],
})

/** `linux` of a configuration (config-linux.md), without what its fields need of each other. */
export const linux: Check<OciLinux> = record<OciLinux>({
  refused: {
    intelRdt: unsupported(
      'tsbox does not manage Intel RDT',
      'Leave it out, and put the container into a group of resctrl with a createRuntime hook.',
    ),
    memoryPolicy: unsupported(
      'tsbox sets no NUMA memory policy',
      'Leave it out; linux.resources.cpu.mems chooses the nodes.',
    ),
  },
  fields: {
    namespaces,
    uidMappings: idMappings,
    gidMappings: idMappings,
    timeOffsets,
    devices,
    netDevices,
    cgroupsPath: unlessEmpty(cgroupPath),
    resources,
    // Keys and values are checked by `checkNamespaces`, because what may be set depends on the namespaces.
    sysctl: map(text),
    seccomp,
    rootfsPropagation: unlessEmpty(propagation),
    maskedPaths: list(absolutePath),
    readonlyPaths: list(absolutePath),
    mountLabel: unlessEmpty(text),
    personality,
  },
})
