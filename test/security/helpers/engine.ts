import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inPrivateMounts } from '../../helpers/boxes.ts'
import type { Outcome } from '../../helpers/command.ts'
import { type Engine, engineVersion } from '../../helpers/control.ts'

interface Asked {
  /** Scratch, several levels deep: an attack that works may remove what is above it. */
  readonly dir: string
  readonly bundle: { readonly id: string; readonly dir: string }
  /** For bash: `engine VERB …` is the other runtime, $ID and $BUNDLE the container, $DIR a place for files. */
  readonly script: string
}

/**
 * Gives the same bundle to an older runtime, which is known to be open to some attacks: there an attack shows that it bites. It runs
 * in a private mount namespace with a private /dev, because what it does wrong would otherwise be done to this host.
 *
 * @returns undefined when it is not installed
 */
export const onEngine = async (
  engine: Engine,
  { dir, bundle, script }: Asked,
): Promise<Outcome | undefined> => {
  if (engineVersion(engine) === undefined) return undefined
  const place = join(dir, 'control', 'a', 'b', bundle.id)
  const env = {
    ID: bundle.id,
    BUNDLE: join(place, 'bundle'),
    DIR: place,
    STATE: join(place, 'state'),
    DEV: join(place, 'dev'),
  }
  for (const path of [env.STATE, env.DEV, env.BUNDLE]) mkdirSync(path, { recursive: true })
  // They know versions up to 1.0.2, which means the same here; and they leave the parents of a group behind.
  const config = readFileSync(join(bundle.dir, 'config.json'), 'utf8')
    .replace(/("ociVersion":")[^"]*/, '$11.0.2')
    .replace(/("cgroupsPath":")[^"]*/, `$1/${bundle.id}`)
  writeFileSync(join(env.BUNDLE, 'config.json'), config)
  const words = engine === 'crun' ? 'crun --cgroup-manager=disabled' : 'runc'
  return inPrivateMounts(`exec bash -uc "$SCRIPT"`, {
    ...env,
    SCRIPT: `${PRIVATE}\nengine() { ${words} --root "$STATE" "$@"; }\n${script}\nengine delete -f $ID 2>&-`,
  })
}

/** Whether it is the version of Debian 12, whose weak places are known. */
export const isDebians = (engine: Engine): boolean =>
  /(runc version 1\.1\.5\b)|(crun version 1\.8\.1\b)/.test(engineVersion(engine) ?? '')

/** Nodes of this host that no engine may reach: all of /dev is a copy meanwhile. crun takes no part in hybrid cgroups. */
const PRIVATE = `
mount -t tmpfs -o mode=755 none "$DEV"
for node in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0'; do
  set -- $node; mknod -m 666 "$DEV/$1" c $2 $3
done
mkdir "$DEV/pts" "$DEV/shm"
mount -t devpts -o newinstance,ptmxmode=0666 none "$DEV/pts"
ln -s pts/ptmx "$DEV/ptmx"
ln -s /proc/self/fd "$DEV/fd"
mount --rbind "$DEV" /dev
[ ! -d /sys/fs/cgroup/unified ] || mount -t tmpfs none /sys/fs/cgroup/unified
cd "$DIR"`
