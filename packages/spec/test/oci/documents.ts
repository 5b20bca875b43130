import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type OciConfig, parseConfig, parseJson } from '../../src/index.ts'

const dir = join(import.meta.dirname, 'examples')

export const example = (name: string): string => readFileSync(join(dir, name), 'utf8')

export const examplesIn = (name: string): readonly (readonly [string, string])[] =>
  readdirSync(join(dir, name)).map(file => [file, example(join(name, file))])

/** JSON with whole numbers of any size: a bigint is written as its digits. */
export const json = (value: unknown): string => {
  const marked = JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? `@${each}@` : each))
  return marked.replaceAll(/"@(-?\d+)@"/g, '$1')
}

/** A document with every supported field, as a value. */
export const full = (): unknown => parseJson(example('full.json'))

/** A value with what stands at a place in it replaced. */
export const replaced = (value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown => {
  if (key === undefined) return by
  if (Array.isArray(value))
    return value.map((each, i) => (i === Number(key) ? replaced(each, rest, by) : each))
  const object = value as Readonly<Record<string, unknown>>
  return { ...object, [key]: replaced(object[key], rest, by) }
}

type Fields = Readonly<Record<string, unknown>>

const NAMESPACES = ['mount', 'pid', 'ipc', 'uts', 'network', 'cgroup', 'time'].map(type => ({ type }))

/** A valid document with some fields changed; `undefined` takes one away. */
export const document = (changes: Fields = {}): string =>
  json({
    ociVersion: '1.2.0',
    root: { path: 'rootfs' },
    ...changes,
    linux: { namespaces: NAMESPACES, ...(changes.linux as Fields) },
  })

export const withProcess = (changes: Fields): Fields => ({
  process: { user: { uid: 0, gid: 0 }, cwd: '/', args: ['sh'], ...changes },
})

export const withMount = (mount: Fields): Fields => ({ mounts: [mount] })

export const withResources = (resources: Fields): Fields => ({ linux: { resources } })

export const read = (changes: Fields): OciConfig => parseConfig(document(changes))

/** Each document is refused, and the error says where: rows of a JSON path and the fields that are wrong. */
export const refuses = (t: Test, rows: readonly (readonly [string, Fields])[]): void => {
  for (const [step, changes] of rows) {
    const text = document(changes)
    t.throws(() => parseConfig(text), { code: 'ERR_TSBOX_CONFIG', step }, `${step}: ${json(changes)}`)
  }
}
