/**
 * Runs test files one by one with plain Node, without the tap runner: for the guest, where that takes long to load.
 *
 *     node scripts/vm/tests.mts [--timeout SECONDS] [--jobs N] FILE|DIRECTORY...
 *
 * Prints one TAP document with a subtest for each file, every skipped test with its reason, and at last
 * `N passed, N failed, N skipped`. The exit status is 0 when nothing failed.
 */

import { glob, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type FileResult, runTestFile } from './test-file.ts'

async function testFiles(paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const path of paths) {
    if (!(await stat(path)).isDirectory()) {
      found.push(path)
      continue
    }
    const below: string[] = []
    for await (const file of glob(`${path}/**/*.test.ts`)) below.push(file)
    found.push(...below.sort())
  }
  return [...new Set(found)]
}

function printFile(result: FileResult, number: number): void {
  const { file, tap, failed, seconds, problem } = result
  const body = tap.replace(/^TAP version \d+\n/, '').trimEnd()
  const point = `${failed > 0 ? 'not ok' : 'ok'} ${number} - ${file} # time=${(seconds * 1000).toFixed(0)}ms`
  const lines = [`# Subtest: ${file}`, body.replace(/^(?=.)/gm, '    '), point]
  if (problem !== undefined) lines.push('  ---', `  problem: ${JSON.stringify(problem)}`, '  ...')
  process.stdout.write(`${lines.join('\n')}\n`)
}

interface RunRequest {
  readonly files: readonly string[]
  readonly jobs: number
  readonly timeoutSeconds: number
}

async function runAll({ files, jobs, timeoutSeconds }: RunRequest): Promise<readonly FileResult[]> {
  const compileCache = await mkdtemp(join(tmpdir(), 'tsbox-compile-cache-'))
  const results: FileResult[] = []
  const queue = [...files]
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      process.stdout.write(`# running ${file}\n`)
      const result = await runTestFile({ file, timeoutSeconds, compileCache })
      results.push(result)
      printFile(result, results.length)
    }
  }
  try {
    await Promise.all(Array.from({ length: jobs }, worker))
  } finally {
    await rm(compileCache, { recursive: true, force: true })
  }
  return results
}

function printTotals(results: readonly FileResult[]): number {
  process.stdout.write(`1..${results.length}\n`)
  for (const { file, skipped } of results) {
    for (const note of skipped) process.stdout.write(`# skipped: ${file}: ${note}\n`)
  }
  const passed = results.reduce((sum, result) => sum + result.passed, 0)
  const failed = results.reduce((sum, result) => sum + result.failed, 0)
  const skipped = results.reduce((sum, result) => sum + result.skipped.length, 0)
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  return failed
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { timeout: { type: 'string', default: '300' }, jobs: { type: 'string', default: '2' } },
})
const files = await testFiles(positionals)
if (files.length === 0) throw new Error('no test files given')
process.stdout.write('TAP version 14\n')
const results = await runAll({ files, jobs: Number(values.jobs), timeoutSeconds: Number(values.timeout) })
process.exitCode = printTotals(results) > 0 ? 1 : 0
