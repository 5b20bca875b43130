import { TsboxError } from '@tsbox/errors'

/** The names of getrlimit(2), by the kernel's number. */
export const RLIMITS = [
  'cpu',
  'fsize',
  'data',
  'stack',
  'core',
  'rss',
  'nproc',
  'nofile',
  'memlock',
  'as',
  'locks',
  'sigpending',
  'msgqueue',
  'nice',
  'rtprio',
  'rttime',
] as const

export type RlimitName = (typeof RLIMITS)[number]

/** One resource limit; 'unlimited' is RLIM_INFINITY. The units are those of getrlimit(2). */
export interface Rlimit {
  readonly name: RlimitName
  readonly soft: number | 'unlimited'
  readonly hard: number | 'unlimited'
}

/**
 * A limit from `NAME=SOFT[:HARD]`, each a number or 'unlimited'.
 *
 * @throws TsboxError ERR_TSBOX_SPEC for another form, an unknown name, or a soft limit above the hard one
 */
export const parseRlimit = (text: string): Rlimit => {
  const [, given = '', softText = '', hardText = softText] =
    /^(?:RLIMIT_)?([a-z]+)=(-1|\d+|unlimited)(?::(-1|\d+|unlimited))?$/i.exec(text) ?? []
  const name = RLIMITS.find(known => known === given.toLowerCase())
  if (name === undefined) throw refuse(text, 'it is not NAME=SOFT[:HARD] with a known name')
  const [soft, hard] = [amount(softText), amount(hardText)]
  if ([soft, hard].some(value => value !== 'unlimited' && !Number.isSafeInteger(value)))
    throw refuse(text, `a number is above ${Number.MAX_SAFE_INTEGER}: say unlimited`)
  if (hard !== 'unlimited' && (soft === 'unlimited' || soft > hard)) {
    throw refuse(text, 'its soft limit is above its hard limit')
  }
  return { name, soft, hard }
}

const amount = (text: string): number | 'unlimited' => (/^\d+$/.test(text) ? Number(text) : 'unlimited')

const refuse = (text: string, why: string): TsboxError =>
  new TsboxError('ERR_TSBOX_SPEC', `${JSON.stringify(text)} is not a resource limit: ${why}`, {
    hint: `Write nofile=1024:4096; the names are ${RLIMITS.join(', ')}.`,
    step: 'ulimit',
  })
