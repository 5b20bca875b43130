import { type CgroupHost, hostFromMountinfo, type OciResources, resourceWrites } from '../../src/index.ts'
import type { ResourceOptions } from '../../src/oci/resource-writes.ts'
import { HYBRID, V1, V2, V2_CONTROLLERS } from '../mountinfo-texts.ts'

export const v1 = hostFromMountinfo(V1, undefined)
export const v2 = hostFromMountinfo(V2, V2_CONTROLLERS)
/** hugetlb is on the v2 tree, all else on v1. */
export const hybrid = hostFromMountinfo(HYBRID.replace(/^32 .*\n/m, ''), 'hugetlb\n')
/** A v2 tree without any controller. */
export const bare = hostFromMountinfo(V2, '')

const line = ({ mount, file, value }: ReturnType<typeof resourceWrites>[number]): string =>
  `${mount.slice('/sys/fs/cgroup'.length)}/${file} = ${value}`

/** The writes for some resources, as lines `/memory/memory.limit_in_bytes = 1`. */
export const written = (
  host: CgroupHost,
  resources: OciResources,
  options?: ResourceOptions,
): readonly string[] => resourceWrites(host, resources, options).map(line)

/** The same for a live group whose files have these texts. */
export const updated = (
  host: CgroupHost,
  resources: OciResources,
  files: Readonly<Record<string, string>>,
): readonly string[] => written(host, resources, { current: (_, file) => files[file] })
