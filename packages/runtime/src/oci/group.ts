import {
  type CgroupHost,
  containerLayout,
  controllerHome,
  deviceProgram,
  deviceRules,
  deviceWritesV1,
  groupHasFile,
  resourceWrites,
  type SystemdGroup,
  systemdGroupPath,
} from '@tsbox/cgroups'
import type { ContainerGroup } from '@tsbox/plan'
import type { OciConfig } from '@tsbox/spec'
import { scopePrograms } from './scope.ts'

/** Where containers go whose configuration does not say where. */
const DEFAULT_PARENT = '/tsbox-oci'

/**
 * The path of a container's group, below each hierarchy's mount (runtime-spec, config-linux.md, "Cgroups Path"): an absolute one is
 * as it says, a relative one lies below ours; with systemd's driver it is that of the unit it names.
 *
 * @throws TsboxError ERR_TSBOX_SPEC for a path in neither form
 */
export const groupPathOf = (
  { linux }: OciConfig,
  { id, unit }: { readonly id: string; readonly unit: SystemdGroup | undefined },
): string => {
  const { cgroupsPath } = linux
  if (unit !== undefined) return unit.path
  if (cgroupsPath === undefined || cgroupsPath === '') return `${DEFAULT_PARENT}/${id}`
  return cgroupsPath.startsWith('/') ? cgroupsPath : `${DEFAULT_PARENT}/${cgroupsPath}`
}

/** The unit a container's group is to be, where systemd makes it. */
export const unitOf = ({ linux }: OciConfig, id: string): SystemdGroup =>
  systemdGroupPath(linux.cgroupsPath || `:tsbox:${id}`)

interface GroupOptions {
  readonly host: CgroupHost
  readonly path: string
  readonly id: string
  readonly unit: SystemdGroup | undefined
}

/**
 * The group of a container, worked out for this host.
 *
 * @throws TsboxError ERR_TSBOX_CONTROLLER for a limit this host cannot hold, ERR_TSBOX_SPEC for one that cannot be, and what
 *   `scopePrograms` throws
 */
export const containerGroup = (config: OciConfig, { host, path, id, unit }: GroupOptions): ContainerGroup => {
  const resources = config.linux.resources ?? {}
  const rules = deviceRules(resources.devices)
  const v1Devices = controllerHome(host, 'devices')?.version === 1
  const writes = resourceWrites(host, resources, { has: groupHasFile })
  const deviceWrites = v1Devices ? deviceWritesV1(rules) : []
  const { annotations } = config
  return {
    path,
    dirs: containerLayout(host, path),
    writes,
    deviceWrites,
    scope: unit && scopePrograms({ unit, id, annotations, writes, deviceWrites }),
    deviceProgram: v1Devices ? undefined : deviceProgram(rules),
  }
}
