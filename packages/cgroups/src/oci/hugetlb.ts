import type { OciResources } from './resources.ts'
import { badResource, notNegative, type Wishes, wholeNumber } from './wish.ts'

type HugepageLimits = NonNullable<OciResources['hugepageLimits']>

/**
 * `linux.resources.hugepageLimits`: bytes of a page size. Both what is in use and what is reserved are limited; a live group on a
 * kernel that does not count reservations has no file for them.
 */
export const hugetlbWishes: Wishes<HugepageLimits> = (limits, { version, has }) =>
  limits.flatMap(({ pageSize, limit }, index) => {
    const knob = `linux.resources.hugepageLimits[${index}]`
    if (!/^[1-9][0-9]*[KMG]B$/.test(pageSize)) {
      throw badResource(
        `${knob}.pageSize`,
        `${JSON.stringify(pageSize)} is not a page size`,
        "write '2MB' or '1GB'",
      )
    }
    const bytes = notNegative(wholeNumber(limit, `${knob}.limit`), `${knob}.limit`)
    const end = version === 1 ? 'limit_in_bytes' : 'max'
    return [`hugetlb.${pageSize}.${end}`, `hugetlb.${pageSize}.rsvd.${end}`]
      .filter((file, at) => at === 0 || has(file) !== false)
      .map(file => ({ knob: `${knob}.limit`, file, value: String(bytes) }))
  })
