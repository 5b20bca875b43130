import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from '../../helpers/command.ts'
import { jsonText, scriptRootfs } from '../../oci/helpers/bundle.ts'
import { baseConfig, type Json, MOUNTS, merged, PROC } from '../../oci/helpers/config.ts'
import type { Oci, Options } from '../../oci/helpers/oci-test.ts'
import { runVerb } from '../../oci/helpers/verb.ts'

/** A number nobody has an account for. */
export const ORDINARY = 54_321

/** An ordinary user of the host, who runs containers without root. */
export interface Ordinary {
  /** Where its state lies. */
  readonly root: string
  /** `tsbox --root ROOT ARGS…` with its rights. */
  readonly tsbox: (args: readonly string[], options?: Options) => Promise<Outcome>
  readonly bundle: (over?: Json) => { readonly id: string; readonly dir: string; readonly rootfs: string }
  /** `create` and `start`, which have to succeed. */
  readonly start: (over?: Json, options?: Options) => Promise<string>
  readonly run: (over?: Json, options?: Options) => Promise<Outcome>
}

const PTS: Json = {
  destination: '/dev/pts',
  type: 'devpts',
  source: 'devpts',
  options: ['newinstance', 'ptmxmode=0666'],
}

export const USUAL_MOUNTS: readonly Json[] = [PROC, MOUNTS[1] ?? {}, PTS]

const self = [{ containerID: 0, hostID: ORDINARY, size: 1 }]

/** What an ordinary user can ask for: its own number as root, and no group. */
const configOf = (rootfs: string, over: Json): Json =>
  merged(
    merged(baseConfig(''), {
      root: { path: rootfs },
      mounts: USUAL_MOUNTS,
      linux: {
        namespaces: ['pid', 'ipc', 'uts', 'mount', 'user'].map(type => ({ type })),
        uidMappings: self,
        gidMappings: self,
        cgroupsPath: undefined,
      },
    }),
    over,
  )

interface As {
  /** Further groups of the user. */
  readonly groups?: readonly number[]
  /** Words in front of those that give up root. */
  readonly before?: readonly string[]
}

/** Whatever the user's containers are, they are gone afterwards. */
export const asOrdinary = async (
  oci: Oci,
  as: As,
  body: (user: Ordinary) => Promise<void>,
): Promise<void> => {
  const home = join(oci.dir, `of-user-${oci.id()}`)
  const root = join(home, 'state')
  const rootfs = join(home, 'rootfs')
  for (const dir of [home, root]) mkdirSync(dir)
  scriptRootfs(rootfs)
  chmodSync(oci.dir, 0o755)
  execFileSync('chown', ['-R', `${ORDINARY}:${ORDINARY}`, home])
  const groups = as.groups === undefined ? ['--clear-groups'] : ['--groups', as.groups.join(',')]
  const drop = ['setpriv', '--reuid', `${ORDINARY}`, '--regid', `${ORDINARY}`, ...groups, '--inh-caps=-all']
  let count = 0
  const tsbox: Ordinary['tsbox'] = (args, options = {}) => {
    const outputs = options.outputs ?? join(oci.dir, `user-${oci.id()}-${++count}`)
    const before = [...(as.before ?? []), ...drop, ...(options.before ?? [])]
    return runVerb(['--root', root, ...args], { cwd: '/', ...options, outputs, before })
  }
  const bundle: Ordinary['bundle'] = (over = {}) => {
    const id = oci.id()
    const dir = join(home, id)
    mkdirSync(dir)
    writeFileSync(join(dir, 'config.json'), jsonText(configOf(rootfs, over)))
    return { id, dir, rootfs }
  }
  const start: Ordinary['start'] = async (over, options) => {
    const { id, dir } = bundle(over)
    for (const args of [
      ['create', '--bundle', dir, id],
      ['start', id],
    ]) {
      const outcome = await tsbox(args, options)
      if (outcome.status !== 0) throw new Error(`tsbox ${args.join(' ')}: ${JSON.stringify(outcome)}`)
    }
    return id
  }
  const run: Ordinary['run'] = (over, options) => {
    const { id, dir } = bundle(over)
    return tsbox(['run', '--bundle', dir, id], options)
  }
  try {
    await body({ root, tsbox, bundle, start, run })
  } finally {
    for (const id of existsSync(root) ? readdirSync(root) : []) await tsbox(['delete', '--force', id])
  }
}

/**
 * Words that give the user an account and ranges of further numbers, in a mount namespace nobody else sees: from 400000 on, a
 * thousand.
 */
export const withRanges = (dir: string): readonly string[] => {
  const ranges = join(dir, 'ranges')
  writeFileSync(ranges, `${ORDINARY}:400000:1000\n`)
  const accounts = join(dir, 'accounts')
  writeFileSync(
    accounts,
    `${readFileSync('/etc/passwd', 'utf8')}tsbox-test:x:${ORDINARY}:${ORDINARY}::/:/bin/sh\n`,
  )
  const binds = `mount --bind ${ranges} /etc/subuid; mount --bind ${ranges} /etc/subgid; mount --bind ${accounts} /etc/passwd`
  return ['unshare', '-m', '--propagation', 'private', 'sh', '-euc', `${binds}; exec "$@"`, 'sh']
}

/** Maps for a user with such ranges: itself as root, and the range from 1 on. */
export const RANGES: readonly Json[] = [
  { containerID: 0, hostID: ORDINARY, size: 1 },
  { containerID: 1, hostID: 400_000, size: 1000 },
]
