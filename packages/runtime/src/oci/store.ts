import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { TsboxError } from '@tsbox/errors'
import { containerId, type OciConfig, parseConfig } from '@tsbox/spec'
import { checkStateDir } from './trust.ts'

/** Where the state directories of containers lie when nothing else is said. */
export const OCI_ROOT = '/run/tsbox-oci'

/** What is kept of a container beside its configuration; written once, when it is created. */
export interface Kept {
  readonly id: string
  /** The bundle's directory, absolute. */
  readonly bundle: string
  /** The root file system's directory, absolute. */
  readonly rootfs: string
  /** When it was created, as RFC 3339 has it. */
  readonly created: string
  /** Its group in every hierarchy; absent for a container without one. */
  readonly groupPath?: string | undefined
  /** The systemd unit that group is. */
  readonly unit?: string | undefined
}

/** Files of a state directory. `process` and `gate` are the shim's. */
export const STATE_FILES = {
  kept: 'container.json',
  config: 'config.json',
  process: 'process',
  gate: 'gate',
  start: 'start.plan',
  delete: 'delete.plan',
} as const

export interface StoredContainer {
  readonly stateDir: string
  readonly kept: Kept
  /** The configuration as it was when the container was created. */
  readonly config: OciConfig
}

/** @throws TsboxError ERR_TSBOX_USAGE for an id that is none */
export const stateDirOf = (root: string, id: string): string => `${root}/${containerId(id)}`

/** What a verb says of a container that is not there. */
export const noContainer = (id: string): TsboxError =>
  new TsboxError('ERR_TSBOX_NO_CONTAINER', `container ${JSON.stringify(id)} does not exist`, {
    hint: '`tsbox list` shows those there are; --root says where to look.',
    step: 'id',
  })

/**
 * A container that was created.
 *
 * @throws TsboxError ERR_TSBOX_NO_CONTAINER when there is none of that id, ERR_TSBOX_STATE when what was kept of it cannot be read or
 * was not written by us
 */
export const readContainer = (root: string, id: string): StoredContainer => {
  const stateDir = stateDirOf(root, id)
  checkStateDir(root, stateDir)
  if (!existsSync(stateDir)) throw noContainer(id)
  try {
    const kept = JSON.parse(readFileSync(`${stateDir}/${STATE_FILES.kept}`, 'utf8')) as Kept
    const config = parseConfig(readFileSync(`${stateDir}/${STATE_FILES.config}`, 'utf8'))
    if (kept.id !== id || typeof kept.bundle !== 'string') throw new Error('it is not what was written')
    return { stateDir, kept, config }
  } catch (cause) {
    // Deleted by somebody while we read.
    if (!existsSync(stateDir)) throw noContainer(id)
    throw new TsboxError('ERR_TSBOX_STATE', `the state of container ${JSON.stringify(id)} cannot be read`, {
      hint: `${(cause as Error).message}; \`tsbox delete --force ${id}\` removes what is left of it.`,
      step: stateDir,
      cause,
    })
  }
}

/** The ids in a state root; directories with another kind of name are none of ours. */
export const containerIds = (root: string): readonly string[] => {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter(entry => entry.isDirectory() && isId(entry.name))
      .map(({ name }) => name)
      .sort()
  } catch {
    return []
  }
}

const isId = (name: string): boolean => {
  try {
    return containerId(name) === name
  } catch {
    return false
  }
}
