import { readFileSync, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { TsboxError } from '@tsbox/errors'
import { type CreatableConfig, checkCreate, parseConfig } from '@tsbox/spec'

export interface Bundle {
  /** Absolute. */
  readonly path: string
  /** config.json as it was found. */
  readonly text: string
  readonly config: CreatableConfig
  /** The root's directory, absolute and without links. */
  readonly rootPath: string
}

/**
 * Reads a bundle and checks all of its configuration (runtime-spec, bundle.md). Nothing in the root file system is looked at.
 *
 * @throws TsboxError ERR_TSBOX_CONFIG or ERR_TSBOX_ROOTFS
 */
export const readBundle = (directory: string): Bundle => {
  const path = resolve(directory)
  const text = readConfig(path)
  const config = checkCreate(parseConfig(text))
  return { path, text, config, rootPath: rootOf(path, config.root.path) }
}

const readConfig = (bundle: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(join(bundle, 'config.json')))
  } catch (cause) {
    throw new TsboxError(
      'ERR_TSBOX_CONFIG',
      `${JSON.stringify(bundle)} is not a bundle: ${(cause as Error).message}`,
      { hint: 'A bundle is a directory with a config.json; `tsbox spec` writes one.', step: 'bundle', cause },
    )
  }
}

const rootOf = (bundle: string, given: string): string => {
  const path = resolve(bundle, given)
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return realpathSync(path)
  throw new TsboxError(
    'ERR_TSBOX_ROOTFS',
    `root.path: ${JSON.stringify(path)} ${stat === undefined ? 'does not exist' : 'is not a directory'}`,
    { hint: 'It is the directory of the root file system, counted from the bundle.', step: 'root.path' },
  )
}
