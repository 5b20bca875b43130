import { TsboxError } from '@tsbox/errors'
import { insidePath, type OciConfig, type OciProcess, parseCapability, parseProcess } from '@tsbox/spec'
import { readUtf8 } from '../../utf8.ts'
import { wholeNumber } from '../run-values.ts'
import type { ExecSettings } from './exec-options.ts'
import { usage } from './words.ts'

/**
 * The process `exec` is to start: one that is written down, or the container's own with what the options change.
 *
 * @throws TsboxError ERR_TSBOX_CONFIG, ERR_TSBOX_USAGE
 */
export const execProcess = (
  settings: ExecSettings,
  words: readonly string[],
  config: OciConfig,
): OciProcess => {
  if (settings.process !== undefined) {
    const written = { ...inherited(config.process), ...parseProcess(readText(settings.process)) }
    return settings.tty ? { ...written, terminal: true } : written
  }
  if (words.length === 0) throw usage('exec', 'there is no program to run')
  const own = config.process
  if (own === undefined) throw usage('exec', 'the container has no process to go by: say --process')
  const { consoleSize: _, ...rest } = own
  return {
    ...rest,
    args: words,
    terminal: settings.tty,
    cwd: settings.cwd === undefined ? own.cwd : insidePath(settings.cwd, '--cwd'),
    env: [...(own.env ?? []), ...settings.env.map(variable)],
    user: userOf(settings, own),
    ...(settings.caps.length > 0 ? { capabilities: withCaps(own, settings.caps) } : {}),
    ...(settings.noNewPrivs ? { noNewPrivileges: true } : {}),
    ...(settings.apparmor === undefined ? {} : { apparmorProfile: settings.apparmor }),
    ...(settings.label === undefined ? {} : { selinuxLabel: settings.label }),
  }
}

/** What a process has as the container's own has it, unless it says otherwise: its rights and limits. */
const inherited = (own: OciProcess | undefined): Partial<OciProcess> => {
  if (own === undefined) return {}
  const { capabilities, noNewPrivileges, rlimits, oomScoreAdj, apparmorProfile, selinuxLabel } = own
  const found = { capabilities, noNewPrivileges, rlimits, oomScoreAdj, apparmorProfile, selinuxLabel }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}

const readText = (path: string): string => {
  try {
    return readUtf8(path, '--process')
  } catch (cause) {
    throw new TsboxError('ERR_TSBOX_USAGE', `--process: ${(cause as Error).message}`, {
      hint: 'Name a file with a process as config.json has it.',
      step: '--process',
      cause,
    })
  }
}

/** As in config.json, where one without a name or without "=" is an error too. */
const variable = (text: string): string => {
  if (text.indexOf('=') > 0) return text
  throw new TsboxError('ERR_TSBOX_USAGE', `--env: ${JSON.stringify(text)} is no variable`, {
    hint: 'Write --env NAME=VALUE.',
    step: '--env',
  })
}

const userOf = ({ user, groups }: ExecSettings, own: OciProcess): OciProcess['user'] => {
  const more = groups.map(text => id(text, '--additional-gids'))
  const [uid, gid, ...rest] = user?.split(':') ?? []
  if (rest.length > 0)
    throw new TsboxError('ERR_TSBOX_USAGE', `--user: ${JSON.stringify(user)} is no user and group`, {
      hint: 'Write --user UID:GID, with numbers.',
      step: '--user',
    })
  return {
    ...own.user,
    ...(uid === undefined ? {} : { uid: id(uid, '--user') }),
    ...(gid === undefined ? {} : { gid: id(gid, '--user') }),
    additionalGids: [...(own.user.additionalGids ?? []), ...more],
  }
}

/** Text that is no number, or one beyond what a user can be, is never taken for root (CVE-2016-3697). */
const id = (text: string, option: string): number => {
  const number = wholeNumber(text, option)
  if (number <= 0xffff_fffe) return number
  throw new TsboxError('ERR_TSBOX_USAGE', `${option}: ${text} is beyond the largest id, 4294967294`, {
    hint: `Write ${option} UID:GID with numbers the kernel has.`,
    step: option,
  })
}

/** Never inheritable: a program of another user must not find rights to inherit (CVE-2022-29162). */
const withCaps = ({ capabilities }: OciProcess, caps: readonly string[]): OciProcess['capabilities'] => {
  const more = caps.map(name => `CAP_${parseCapability(name)}`)
  const add = (set: readonly string[] = []) => [...new Set([...set, ...more])]
  return {
    ...capabilities,
    bounding: add(capabilities?.bounding),
    permitted: add(capabilities?.permitted),
    effective: add(capabilities?.effective),
  }
}
