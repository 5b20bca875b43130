import type { OptionRow } from '../../option.ts'
import { wholeNumber } from '../run-values.ts'

/** Options that `create`, `run` and `exec` share. */
export interface AttachSettings {
  consoleSocket?: string
  pidFile?: string
  preserveFds: number
  newKeyring: boolean
}

export const newAttachSettings = (): AttachSettings => ({ preserveFds: 0, newKeyring: true })

export const ATTACH_OPTIONS: readonly OptionRow<AttachSettings>[] = [
  {
    name: 'console-socket',
    value: 'PATH',
    group: 'attach',
    help: 'a socket that is handed the terminal',
    set: (s, v) => {
      s.consoleSocket = v
    },
  },
  {
    name: 'pid-file',
    value: 'FILE',
    group: 'attach',
    help: 'where the number of the process is written',
    set: (s, v) => {
      s.pidFile = v
    },
  },
  {
    name: 'preserve-fds',
    value: 'N',
    group: 'attach',
    help: 'descriptors from 3 on that the program gets',
    set: (s, v) => {
      s.preserveFds = wholeNumber(v, '--preserve-fds')
    },
  },
  {
    name: 'no-new-keyring',
    group: 'attach',
    help: "keep the caller's session keyring",
    set: s => {
      s.newKeyring = false
    },
  },
]
