// What the documents say is done here as a reader would do it: blocks marked `run` are executed in order, in one
// directory per document, and what is printed is compared with the `text` block that follows.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { ERROR_CODES } from '../packages/errors/src/codes.ts'
import { kernelVersion } from '../packages/runtime/src/index.ts'
import { command, outcomeOf, tsbox } from './helpers/command.ts'
import {
  anchorsOf,
  attribute,
  type Block,
  blocksOf,
  codeOf,
  documents,
  linksOf,
  promisePattern,
  ROOT,
  readDocument,
  runnable,
} from './helpers/markdown.ts'
import { NOTHING, settled } from './helpers/residue.ts'

const MARKER = `docs-${process.pid}`

/** The installed command, with a name for boxes that have none, so that what is left of them can be found. */
const commandInPath = (dir: string): string => {
  const wrapper = `#!/bin/sh
case "$1 $*" in
  "run "*" --dry-run"* | "run "*" --help"*) ;;
  "run "*) shift; set -- run --name ${MARKER}-$$ "$@" ;;
esac
exec ${command()} "$@"
`
  mkdirSync(dir)
  writeFileSync(join(dir, 'tsbox'), wrapper, { mode: 0o755 })
  return `${dir}:${dirname(process.execPath)}:${process.env.PATH}`
}

/** A block as a reader runs it: pasted into a shell, or saved as a file of the checkout. */
const runBlock = (block: Block, { cwd, path }: { cwd: string; path: string }) => {
  const env = { PATH: path, HOME: cwd }
  if (block.info[0] === 'sh') return outcomeOf('sh', ['-c', `exec 2>&1\nset -e\n${block.body}`], { cwd, env })
  const args = ['--conditions=@tsbox/source', '--input-type=module-typescript', '--eval', block.body]
  return outcomeOf(process.execPath, args, { cwd: ROOT, env })
}

/** Kernels older than `linux=` say the same in other words. */
const isComparable = (block: Block): boolean => {
  const [major = 0, minor = 0] = (attribute(block, 'linux') ?? '0.0').split('.').map(Number)
  const [here, below] = kernelVersion(release())
  return here > major || (here === major && below >= minor)
}

for (const document of documents()) {
  const blocks = runnable(readDocument(document))
  if (blocks.length === 0) continue
  t.test(`what ${document} tells to run does what it says`, async t => {
    const cwd = t.testdir({})
    const path = commandInPath(join(cwd, '.bin'))
    for (const block of blocks) {
      const { stdout, stderr, status } = await runBlock(block, { cwd, path })
      const title = `line ${block.line}`
      const promised = attribute(block, 'status') ?? '0'
      if (promised === 'any') t.ok(status !== null && status !== 125, `${title}: a box ran`)
      else t.equal(status, Number(promised), `${title}: exit status`) || t.comment(stdout + stderr)
      if (block.promised === undefined) continue
      if (isComparable(block))
        t.match(
          stdout,
          promisePattern(block.promised, { numbers: attribute(block, 'numbers') }),
          `${title}: output`,
        )
      else t.comment(`${title}: Linux ${release()} prints other words, not compared: ${stdout}`)
    }
    t.same(await settled(MARKER), NOTHING, 'nothing is left on the host')
  })
}

t.test('a promise can be broken: output that differs does not match it', async t => {
  t.match('a\nb 12 c\nx\ny\nz\n', promisePattern('a\nb … c\n…\nz\n'))
  t.match('a\nz\n', promisePattern('a\n…\nz\n'))
  t.notMatch('a\nb\n', promisePattern('a\n'))
  t.notMatch('a\n', promisePattern('a\nb\n'))
  t.match('7 of 8.25\n', promisePattern('10 of 0.5\n', { numbers: 'vary' }))
  t.notMatch('7 of 8.25\n', promisePattern('10 of 0.5\n'))
  t.notMatch('x of 8.25\n', promisePattern('10 of 0.5\n', { numbers: 'vary' }))
  t.notMatch('b  c\n', promisePattern('b … c\n'))
  t.ok(runnable(readDocument('README.md')).length >= 5, 'the README is run')
  t.ok(runnable(readDocument('docs/from-scratch.md')).length >= 8, 'the walk is run')
})

t.test('every link between the documents leads to something', async t => {
  for (const document of documents()) {
    for (const link of linksOf(readDocument(document))) {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? document : join(dirname(document), decodeURIComponent(file))
      if (!t.ok(existsSync(join(ROOT, target)), `${document}: ${link}`) || anchor === undefined) continue
      t.ok(anchorsOf(readDocument(target)).includes(anchor), `${document}: ${link}`)
    }
  }
})

t.test('every make target the documents name exists', async t => {
  const makefile = readFileSync(join(ROOT, 'Makefile'), 'utf8')
  const targets = new Set(
    [...makefile.matchAll(/^([a-z][a-z-]*)(?:\s[a-z -]*)?:(?!=)/gm)].map(([, name]) => name),
  )
  const named = namedIn(/^(?:sudo )?make ([a-z][a-z-]*)/)
  t.ok(named.length > 10, 'targets were found')
  for (const [document, target] of named) t.ok(targets.has(target), `${document}: make ${target}`)
})

t.test('every option of tsbox the documents name exists', async t => {
  let help = (await tsbox(['--debug', '--help'])).stdout
  for (const command of ['run', 'doctor', 'create', 'exec', 'kill'])
    help += (await tsbox([command, '--help'])).stdout
  const options = new Set([...help.matchAll(/(?<=[\s[])--?[a-z][a-z-]*/g)].map(([option]) => option))
  for (const always of ['--help', '-h', '--version']) options.add(always)
  const named = documents().flatMap(document =>
    codeOf(readDocument(document)).flatMap(code =>
      optionsIn(code).map(option => [document, option] as const),
    ),
  )
  t.ok(named.length > 20, 'options were found')
  for (const [document, option] of named) t.ok(options.has(option), `${document}: ${option}`)
})

/** Options up to the program in the box; a span that begins with an option is one of tsbox's. */
const optionsIn = (code: string): readonly string[] => {
  const commands = [...code.matchAll(/(?:^|[;&|(] ?|sudo )tsbox((?: [^|;&]*)?)/g)].map(
    ([, rest]) => rest ?? '',
  )
  return [...commands, ...(/^--[a-z-]+( |$)/.test(code) ? [` ${code}`] : [])].flatMap(text => {
    const words = text.trim().split(/\s+/)
    const end = words.indexOf('--')
    return (end < 0 ? words : words.slice(0, end)).filter(word => /^--[a-z]/.test(word))
  })
}

t.test('every error code and every file the documents name exists', async t => {
  for (const [document, code] of namedIn(/\b(ERR_TSBOX_[A-Z_]+\w)/))
    t.ok(code in ERROR_CODES, `${document}: ${code}`)
  const files = namedIn(/^((?:packages|test|scripts|shim-c|docs|\.ci)\/[\w./*-]*)$/)
  t.ok(files.length > 20, 'files were found')
  for (const [document, file] of files)
    t.ok(globSync(file.replace(/\/$/, ''), { cwd: ROOT }).length > 0, `${document}: ${file}`)
})

/** What the pattern's group catches in the code of every document. */
const namedIn = (pattern: RegExp): readonly (readonly [document: string, name: string])[] =>
  documents().flatMap(document =>
    codeOf(readDocument(document)).flatMap(code => {
      const name = pattern.exec(code)?.[1]
      return name === undefined ? [] : [[document, name] as const]
    }),
  )

t.test(
  'the first screen of the README has the two commands, and all of it can be read in one sitting',
  async t => {
    const readme = readDocument('README.md')
    const lines = readme.split('\n')
    const first = lines.slice(0, 30).join('\n')
    t.match(first, /^make run$/m)
    t.match(first, /^make test$/m)
    t.ok(lines.length <= 260, `${lines.length} lines`)
  },
)

t.test('the documents speak of the project only', async t => {
  for (const document of documents())
    t.notMatch(readDocument(document), /\/work\/|\/tmp\/bash_jobs/, document)
})

t.test('what README.md has engines read is what the tests with engines have them read', async t => {
  const page = readDocument('docs/under-engines.md')
  const blocks = blocksOf(readDocument('README.md')).filter(({ info }) =>
    /^(json|toml|yaml)$/.test(info[0] ?? ''),
  )
  t.ok(blocks.length >= 4, 'blocks were found')
  for (const { body, line } of blocks) t.ok(page.includes(body), `line ${line}`)
})

t.test('every package tells what it is for', async t => {
  for (const manifest of globSync('packages/*/package.json', { cwd: ROOT })) {
    const { name, license } = JSON.parse(readDocument(manifest))
    const readme = join(dirname(manifest), 'README.md')
    t.ok(existsSync(join(ROOT, readme)) && readDocument(readme).startsWith(`# ${name}\n`), readme)
    t.equal(license, 'MIT', manifest)
  }
})
