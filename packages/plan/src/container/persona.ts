import type { OciLinux } from '@tsbox/spec'

/** personality(2): PER_LINUX and PER_LINUX32. */
const DOMAINS: Readonly<Record<string, number>> = { LINUX: 0, LINUX32: 8 }

export const personaOf = ({ personality }: OciLinux): number | undefined =>
  personality === undefined ? undefined : DOMAINS[personality.domain]
