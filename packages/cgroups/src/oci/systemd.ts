import { badField } from '../field.ts'

export interface SystemdGroup {
  /** The slice the unit lies in: `system.slice`, `-.slice` for the top. */
  readonly slice: string
  /** The unit: `docker-1234.scope`, or a slice. */
  readonly unit: string
  /** The group's path below each hierarchy's mount: `/system.slice/docker-1234.scope`. */
  readonly path: string
}

const WHERE = 'linux.cgroupsPath'
const FORM = "write it like 'system.slice:docker:1234'"

/** systemd.unit(5): letters, digits and `:-_.\@`; at most 255 characters with the suffix. */
const UNIT = /^[A-Za-z0-9:_.@\\-]{1,255}$/

const unitName = (name: string): string => {
  if (UNIT.test(name)) return name
  throw badField(WHERE, `${JSON.stringify(name)} is not the name of a systemd unit`, FORM)
}

/** The slices from the top down to this one: `a-b.slice` lies in `a.slice` (systemd.slice(5)). */
const sliceChain = (slice: string): readonly string[] => {
  const stem = unitName(slice).slice(0, -'.slice'.length)
  if (slice === '-.slice') return []
  const parts = stem.split('-')
  if (!slice.endsWith('.slice') || parts.includes('')) {
    throw badField(WHERE, `${JSON.stringify(slice)} is not a slice`, FORM)
  }
  return parts.map((_, index) => `${parts.slice(0, index + 1).join('-')}.slice`)
}

/**
 * The unit and group of an OCI `cgroupsPath` in the form of systemd's cgroup driver, `slice:prefix:name`. An empty slice is
 * `system.slice`, or `user.slice` for a user who is not root. The unit is the scope `prefix-name.scope`, or the slice `name` when
 * that ends so.
 *
 * @throws TsboxError ERR_TSBOX_SPEC for another form, or a name systemd does not allow
 */
export const systemdGroupPath = (
  cgroupsPath: string,
  { rootless = false }: { readonly rootless?: boolean } = {},
): SystemdGroup => {
  const [slice = '', prefix = '', name = '', ...rest] = cgroupsPath.split(':')
  if (name === '' || rest.length > 0) {
    throw badField(WHERE, `${JSON.stringify(cgroupsPath)} has not the form slice:prefix:name`, FORM)
  }
  const parent = slice !== '' ? slice : rootless ? 'user.slice' : 'system.slice'
  const above = sliceChain(parent)
  if (!name.endsWith('.slice')) {
    const unit = unitName(`${prefix}-${name}.scope`)
    return { slice: parent, unit, path: `/${[...above, unit].join('/')}` }
  }
  const chain = sliceChain(name)
  if (chain.slice(0, -1).join('/') !== above.join('/') || chain.length === 0) {
    throw badField(
      WHERE,
      `systemd does not put ${name} into ${parent}`,
      'a slice lies where its name says: a-b.slice in a.slice',
    )
  }
  return { slice: parent, unit: name, path: `/${chain.join('/')}` }
}
