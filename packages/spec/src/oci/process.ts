import type { Int64 } from '@tsbox/cgroups'
import {
  boolean,
  type Check,
  id,
  list,
  oneOf,
  shown,
  text,
  texts,
  uint16,
  uint64,
  unlessEmpty,
  whole,
} from './check.ts'
import type { OciCapabilities, OciProcess, OciUser } from './config.ts'
import { configError, jsonPath } from './config-error.ts'
import { cpuList } from './cpu-list.ts'
import { absolutePath } from './inside-path.ts'
import { record, unsupported } from './record.ts'
import { rlimits } from './rlimits.ts'
import { scheduler } from './scheduler.ts'

const ofWindows = (instead: string) => unsupported('is for Windows', `On Linux this is ${instead}.`)

const user = record<OciUser>({
  refused: { username: ofWindows('uid and gid, as numbers') },
  fields: { uid: id, gid: id, umask: whole(0, 0o777), additionalGids: list(id) },
  required: ['uid', 'gid'],
})

/** execve(2) cannot do without the first; an empty one names no program. */
const args: Check<readonly string[]> = (value, path) => {
  const read = texts(value, path)
  if (read[0] !== undefined && read[0] !== '') return read
  throw configError(read.length === 0 ? path : `${path}[0]`, 'is empty', 'Name the program to run first.')
}

const variable: Check<string> = (value, path) => {
  const read = text(value, path)
  if (read.indexOf('=') > 0) return read
  const shape = read.startsWith('=') ? 'has no name' : 'has no "="'
  throw configError(path, `${shown(read)} ${shape}`, 'Write NAME=VALUE.')
}

/** An environment. As in runc, a variable without a name or without "=" is an error. */
export const environment = list(variable)

const names = texts

/** Names are not judged here: what the kernel lacks is a warning, and no error (see `capabilitySets`). */
const capabilities = record<OciCapabilities>({
  fields: { bounding: names, effective: names, inheritable: names, permitted: names, ambient: names },
})

/** As the schema has it; a terminal has room for 16 bits (ioctl_tty(2)). */
interface ConsoleSize {
  readonly height: Int64
  readonly width: Int64
}

const consoleSize = record<ConsoleSize>({
  fields: { height: uint64, width: uint64 },
  required: ['height', 'width'],
})

/** ioprio_set(2). */
const ioPriority = record<{ readonly class: string; readonly priority?: number | undefined }>({
  fields: {
    class: oneOf(['IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE']),
    priority: whole(0, 7),
  },
  required: ['class'],
})

const execCPUAffinity = record<{
  readonly initial?: string | undefined
  readonly final?: string | undefined
}>({ fields: { initial: cpuList, final: cpuList } })

type Fields = Omit<OciProcess, 'user' | 'consoleSize'> & {
  readonly user?: OciUser | undefined
  readonly consoleSize?: ConsoleSize | undefined
}

const fields = record<Fields>({
  refused: { commandLine: ofWindows('args') },
  fields: {
    terminal: boolean,
    consoleSize,
    user,
    args,
    env: environment,
    cwd: absolutePath,
    capabilities,
    rlimits,
    noNewPrivileges: boolean,
    oomScoreAdj: whole(-1000, 1000),
    apparmorProfile: unlessEmpty(text),
    selinuxLabel: unlessEmpty(text),
    scheduler,
    ioPriority,
    execCPUAffinity,
  },
  required: ['args', 'cwd'],
})

/**
 * `process` of a configuration (config.md, "Process"). An absent user is 0:0, as in other runtimes; a console size without
 * a terminal is left out, which the specification asks for.
 */
export const readProcess: Check<OciProcess> = (value, path) => {
  const { consoleSize: size, user = { uid: 0, gid: 0 }, ...rest } = fields(value, path)
  if (size === undefined || rest.terminal !== true) return { ...rest, user }
  const at = jsonPath(path, 'consoleSize')
  const height = uint16(size.height, jsonPath(at, 'height'))
  const width = uint16(size.width, jsonPath(at, 'width'))
  return { ...rest, user, consoleSize: { height, width } }
}
