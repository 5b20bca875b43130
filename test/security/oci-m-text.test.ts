// Families F, J and M against the OCI runtime: what names and hostile output do to logs and to whoever reads them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from '../helpers/command.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

/** Clears a screen, sets a title, rings, is a C1 control, turns writing round, and begins lines that look like ours. */
const EVIL = `\u001b[2J\u001b]0;x\u0007\u009b31m\u202e\u2066\r\ntime="x" level=error msg="fake"\n{"level":"error","msg":"fake","time":"x"}`

/** Whatever would drive a terminal, but for the ends of lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const DRIVES = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

/** Verbs that fail with words of somebody else in their message. */
const failures = (dir: string, id: string): readonly (readonly string[])[] => [
  ['state', EVIL],
  ['create', '--bundle', join(dir, EVIL.replaceAll('/', '')), id],
  ['run', '--bundle', join(dir, 'program'), id],
  ['run', '--bundle', join(dir, 'mount'), id],
  ['run', '--bundle', join(dir, 'hook'), id],
  ['exec', id, EVIL],
  ['kill', id, EVIL],
  ['update', '--resources', EVIL, id],
  [EVIL],
]

await test('F5, M: whatever a message quotes, a log has one line for it, and nothing that drives a terminal', {}, async oci => {
  const { t, dir, tsbox } = oci
  const { bundle, start } = sceneOf(oci)
  const make = (name: string, over: object) => {
    const made = bundle(over as never)
    mkdirSync(join(dir, name))
    writeFileSync(join(dir, name, 'config.json'), readFileSync(join(made.dir, 'config.json')))
  }
  make('program', program(EVIL))
  make('mount', {
    mounts: [{ destination: `/${EVIL}`, type: 'bind', source: `/none/${EVIL}`, options: ['bind'] }],
  })
  make('hook', {
    hooks: {
      prestart: [
        { path: '/bin/echo', args: ['echo', EVIL] },
        { path: '/bin/sh', args: ['sh', '-c', `printf '%s' "$E"; exit 1`], env: [`E=${EVIL}`] },
      ],
    },
  })
  const running = await start()
  for (const format of ['json', 'text']) {
    for (const words of failures(dir, oci.id()).map(each =>
      each[0] === 'exec' ? ['exec', running, EVIL] : each,
    )) {
      const log = join(dir, `log-${oci.id()}`)
      const { status, stdout, stderr }: Outcome = await tsbox([
        '--log',
        log,
        '--log-format',
        format,
        ...words,
      ])
      const what = `${format}: ${words[0]} ${words[1]}`.replace(dir, '').slice(0, 30)
      t.equal(status, 1, JSON.stringify(what))
      t.notMatch(stdout + stderr, DRIVES, 'nothing reaches the terminal')
      const text = readFileSync(log, 'utf8')
      t.notMatch(text, DRIVES, 'nor somebody who reads the log')
      const lines = text.split('\n')
      t.equal(lines.length, 2, 'one line')
      if (format === 'text') t.match(lines[0], /^time="[^"]*" level=error msg="([^"\\]|\\.)*"$/)
      else t.match(JSON.parse(lines[0] ?? ''), { level: 'error', msg: /./, time: /^\d{4}-/ })
    }
  }
  t.match(EVIL, DRIVES, 'sent as it is it would')
})

await test('F5: state, list and ps show what an image or a program calls itself, and send nothing of it', {}, async oci => {
  const { t, ok } = oci
  const { start } = sceneOf(oci)
  const annotations = { 'org.opencontainers.image.title': EVIL, [EVIL]: 'x' }
  const id = await start({ annotations, ...program('/bin/sh', '-c', 'while :; do sleep 1; done', EVIL) })
  for (const words of [
    ['state', id],
    ['list', '--format', 'json'],
  ]) {
    const text = await ok(words)
    t.notMatch(text, DRIVES, words.join(' '))
    const value = [JSON.parse(text)].flat()[0]
    t.same(value.annotations, annotations, 'and who parses it has all of it')
  }
  const table = await ok(['ps', id], { env: { ...process.env, LC_ALL: 'C.UTF-8' } })
  t.notMatch(table, DRIVES, 'ps')
  t.equal(table.split('\n').filter(line => /level.*fake/.test(line)).length, 1, 'as one line')
  t.notMatch(await ok(['list']), DRIVES)
})
