import t from 'tap'
import { CONFIG_FIELDS, parseConfig } from '../../src/index.ts'
import { example, full, json, replaced } from './documents.ts'
import { schemaFields } from './schema.ts'

const schema = schemaFields()

/** Refused with everything in it. */
const refused = CONFIG_FIELDS.filter(({ status }) => status === 'refused').map(({ path }) => path)
const isRefused = (path: string) => refused.some(each => path === each || path.startsWith(`${each}.`))

t.test('every field of the specification is in the table, and nothing else is', async t => {
  const paths = CONFIG_FIELDS.map(({ path }) => path)
  const supported = [...schema.keys()].filter(path => !isRefused(path))
  t.strictSame([...new Set(paths)].length, paths.length, 'each once')
  t.strictSame(paths.filter(path => !isRefused(path)).sort(), supported.sort())
  for (const path of refused)
    t.ok(
      [...schema.keys()].some(each => each === path || each.startsWith(`${path}.`)),
      path,
    )
})

interface Leaf {
  /** As in the table. */
  readonly field: string
  /** As in an error. */
  readonly path: string
  readonly place: readonly string[]
}

const MAPS = [
  'annotations',
  'linux.sysctl',
  'linux.netDevices',
  'linux.resources.rdma',
  'linux.resources.unified',
]

const leaves = (value: unknown, at: Leaf = { field: '', path: '', place: [] }): readonly Leaf[] => {
  if (typeof value !== 'object' || value === null) return [{ ...at, field: at.field.replace(/\[\]$/, '') }]
  return Object.entries(value).flatMap(([key, each]) => {
    const dot = at.path === '' ? '' : '.'
    const plain = /^\w+$/.test(key) ? `${dot}${key}` : `[${JSON.stringify(key)}]`
    const [field, path] = Array.isArray(value)
      ? ['[]', `[${key}]`]
      : [MAPS.includes(at.field) ? '.*' : `${dot}${key}`, plain]
    return leaves(each, { field: at.field + field, path: at.path + path, place: [...at.place, key] })
  })
}

t.test('a document with every supported field is read, and every field is in what comes out', async t => {
  const fields = new Set(leaves(full()).map(({ field }) => field))
  const supported = CONFIG_FIELDS.filter(({ status }) => status === 'supported').map(({ path }) => path)
  t.strictSame([...fields].sort(), supported.sort())
  const read = leaves(parseConfig(example('full.json'))).map(({ path }) => path)
  t.strictSame(
    read.sort(),
    leaves(full())
      .map(({ path }) => path)
      .sort(),
  )
})

t.test('every supported field is looked at: the wrong kind of value is refused by its path', async t => {
  for (const { path, place } of leaves(full())) {
    const wrong = json(replaced(full(), place, { not: 'this' }))
    t.throws(() => parseConfig(wrong), { code: 'ERR_TSBOX_CONFIG', step: path }, path)
  }
})

t.test('every refused field is refused by its path', async t => {
  for (const path of refused) {
    const value = path.endsWith('flags') ? ['X'] : 'x'
    const wrong = json(replaced(full(), path.split('.'), value))
    t.throws(
      () => parseConfig(wrong),
      { code: 'ERR_TSBOX_CONFIG', step: path.endsWith('flags') ? `${path}[0]` : path },
      path,
    )
  }
})

/** Words of the specification that Linux does not have. */
const NOT_HERE = ['SCHED_ISO']

t.test('every word of the specification is known, and no other', async t => {
  for (const { field, path, place } of leaves(full())) {
    const words = schema.get(field)
    if (words === undefined) continue
    // What else is wrong with a word that is known lies elsewhere, or is said in other words.
    const unknown = (word: string) => {
      try {
        parseConfig(json(replaced(full(), place, word)))
        return false
      } catch (error) {
        return (error as Error).message.startsWith(`${path}: "${word}" is not known`)
      }
    }
    for (const word of words) t.equal(unknown(word), NOT_HERE.includes(word), `${path} ${word}`)
    t.ok(unknown('NOT_A_WORD'), path)
  }
})
