import type { OptionRow } from '../../option.ts'
import { ATTACH_OPTIONS, type AttachSettings, newAttachSettings } from './attach-options.ts'

export interface ExecSettings extends AttachSettings {
  process?: string
  detach: boolean
  ignorePaused: boolean
  cgroup?: string
  ownCgroup?: string
  tty: boolean
  cwd?: string
  readonly env: string[]
  user?: string
  readonly groups: string[]
  readonly caps: string[]
  apparmor?: string
  label?: string
  noNewPrivs: boolean
}

export const newExecSettings = (): ExecSettings => ({
  ...newAttachSettings(),
  detach: false,
  ignorePaused: false,
  tty: false,
  env: [],
  groups: [],
  caps: [],
  noNewPrivs: false,
})

export const EXEC_OPTIONS: readonly OptionRow<ExecSettings>[] = [
  {
    name: 'process',
    short: 'p',
    value: 'FILE',
    group: 'what',
    help: 'the process as JSON, instead of words and the options of this group',
    set: (s, v) => {
      s.process = v
    },
  },
  {
    name: 'tty',
    short: 't',
    group: 'what',
    help: 'a terminal',
    set: s => {
      s.tty = true
    },
  },
  {
    name: 'cwd',
    value: 'DIR',
    group: 'what',
    help: 'where it starts',
    set: (s, v) => {
      s.cwd = v
    },
  },
  {
    name: 'env',
    short: 'e',
    value: 'NAME=VALUE',
    group: 'what',
    help: 'a variable more; repeat',
    set: (s, v) => void s.env.push(v),
  },
  {
    name: 'user',
    short: 'u',
    value: 'UID[:GID]',
    group: 'what',
    help: 'the user, by number',
    set: (s, v) => {
      s.user = v
    },
  },
  {
    name: 'additional-gids',
    short: 'g',
    value: 'GID',
    group: 'what',
    help: 'a group more, by number; repeat',
    set: (s, v) => void s.groups.push(v),
  },
  {
    name: 'cap',
    short: 'c',
    value: 'CAP',
    group: 'what',
    help: 'a capability more; repeat',
    set: (s, v) => void s.caps.push(v),
  },
  {
    name: 'no-new-privs',
    group: 'what',
    help: 'it gains no rights by running a program',
    set: s => {
      s.noNewPrivs = true
    },
  },
  {
    name: 'apparmor',
    value: 'PROFILE',
    group: 'what',
    help: 'its AppArmor profile',
    set: (s, v) => {
      s.apparmor = v
    },
  },
  {
    name: 'process-label',
    value: 'LABEL',
    group: 'what',
    help: 'its SELinux label',
    set: (s, v) => {
      s.label = v
    },
  },
  {
    name: 'cgroup',
    value: 'PATH',
    group: 'how',
    help: "a group inside the container's, which exists",
    set: (s, v) => {
      s.cgroup = v
    },
  },
  {
    name: 'own-cgroup',
    value: 'NAME',
    group: 'how',
    help: "a new or empty group inside the container's, killed and removed at the end (-d: with the container)",
    set: (s, v) => {
      s.ownCgroup = v
    },
  },
  {
    name: 'detach',
    short: 'd',
    group: 'how',
    help: 'return once it runs',
    set: s => {
      s.detach = true
    },
  },
  {
    name: 'ignore-paused',
    group: 'how',
    help: 'also in a paused container, where it waits',
    set: s => {
      s.ignorePaused = true
    },
  },
  ...ATTACH_OPTIONS,
]
