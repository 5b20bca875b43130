import type { IoMax } from '@tsbox/cgroups'
import type { BoxInput } from '@tsbox/spec'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What `tsbox run` was asked for, as it is being read. */
export interface RunSettings {
  readonly box: Mutable<Omit<BoxInput, 'args'>> & {
    env: Record<string, string>
    sysctls: Record<string, string>
  }
  readonly layers: string[]
  rootfs?: string
  upper?: string
  root?: string
  memory?: string
  memorySwap?: string
  cpus?: string
  cpuWeight?: string
  cpusetCpus?: string
  readonly ioMax: IoMax[]
  terminal?: boolean
  dryRun?: boolean
  trace?: string
  /** A system call filter's file, and the text in it. */
  profile?: { readonly path: string; readonly text: string }
  receipt?: string
}

/** Names come from the command line: without a prototype, `__proto__` is one like any other. */
const names = (): Record<string, string> => Object.create(null)

export const newRunSettings = (): RunSettings => ({
  box: { env: names(), sysctls: names(), volumes: [], tmpfs: [], rlimits: [], capAdd: [], capDrop: [] },
  layers: [],
  ioMax: [],
})
