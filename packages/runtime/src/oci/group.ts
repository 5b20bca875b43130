import {
  type CgroupHost,
  containerLayout,
  controllerHome,
  deviceProgram,
  deviceRules,
  deviceWritesV1,
  resourceWrites,
  systemdGroupPath,
} from '@tsbox/cgroups'
import type { ContainerGroup } from '@tsbox/plan'
import type { OciConfig } from '@tsbox/spec'

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
  { id, systemd }: { readonly id: string; readonly systemd: boolean },
): string => {
  const { cgroupsPath } = linux
  if (systemd) return systemdGroupPath(cgroupsPath ?? `:tsbox:${id}`).path
  if (cgroupsPath === undefined || cgroupsPath === '') return `${DEFAULT_PARENT}/${id}`
  return cgroupsPath.startsWith('/') ? cgroupsPath : `${DEFAULT_PARENT}/${cgroupsPath}`
}

/**
 * The group of a container, worked out for this host.
 *
 * @throws TsboxError ERR_TSBOX_CONTROLLER for a limit this host cannot hold, ERR_TSBOX_SPEC for one that cannot be
 */
export const containerGroup = (
  config: OciConfig,
  { host, path }: { readonly host: CgroupHost; readonly path: string },
): ContainerGroup => {
  const resources = config.linux.resources ?? {}
  const rules = deviceRules(resources.devices)
  const v1Devices = controllerHome(host, 'devices')?.version === 1
  return {
    path,
    dirs: containerLayout(host, path),
    writes: resourceWrites(host, resources),
    deviceWrites: v1Devices ? deviceWritesV1(rules) : [],
    deviceProgram: v1Devices ? undefined : deviceProgram(rules),
  }
}
