// Counts the assertions in a TAP stream: `node scripts/tap-count.mts FILE` prints what went wrong to stderr and
// `N passed, N failed, N skipped` to stdout, and fails when anything failed or nothing ran.
// TAP 14 (https://testanything.org/tap-version-14-specification.html), several documents in a row, noise between.
import { readFileSync } from 'node:fs'

export interface TapCount {
  readonly passed: number
  /** Failed assertions, and one for every problem. */
  readonly failed: number
  readonly skipped: number
  /** What is wrong with the stream itself: cut short, bailed out, a plan not kept. */
  readonly problems: readonly string[]
}

/** One TAP document that is being read: the stream itself, or a subtest four columns deeper. */
interface Document {
  points: number
  failures: number
  plan: number | undefined
  skipReason: boolean
}

const POINT = /^(not )?ok\b(?: +\d+)?(.*)$/
const PLAN = /^1\.\.(\d+)\s*(#.*)?$/
const DIRECTIVE = /(?:^|[^\\])#\s*(skip|todo)\b/i

const newDocument = (): Document => ({ points: 0, failures: 0, plan: undefined, skipReason: false })

/** Reads TAP from `text`; lines that are not TAP are passed over. */
export const countTap = (text: string): TapCount => {
  const counter = new TapCounter()
  for (const line of withoutDiagnostics(text.split(/\r?\n/))) counter.read(line)
  return counter.end()
}

class TapCounter {
  readonly #count = { passed: 0, failed: 0, skipped: 0 }
  readonly #problems: string[] = []
  /** The document at each depth; only the stream itself outlives its lines. */
  #open: Document[] = []

  read(line: string): void {
    const indent = line.length - line.trimStart().length
    const content = line.trim()
    if (/^Bail out!/i.test(content)) this.#problems.push(content)
    else if (indent % 4 !== 0) return
    else if (indent === 0 && /^TAP version \d+$/.test(content)) this.#closeFrom(0)
    else this.#readAt(indent / 4, content)
  }

  end(): TapCount {
    this.#closeFrom(0)
    const { passed, failed, skipped } = this.#count
    return { passed, failed: failed + this.#problems.length, skipped, problems: this.#problems }
  }

  #readAt(depth: number, content: string): void {
    const plan = PLAN.exec(content)
    const point = POINT.exec(content)
    if (plan) {
      const document = this.#at(depth)
      document.plan = Number(plan[1])
      document.skipReason = plan[2] !== undefined
    } else if (point) this.#point(depth, point[1] !== undefined, point[2] ?? '')
  }

  #point(depth: number, notOk: boolean, description: string): void {
    const child = this.#open[depth + 1]
    const directive = DIRECTIVE.exec(description)?.[1]
    const document = this.#at(depth)
    document.points++
    const failed = notOk && directive === undefined
    if (failed) document.failures++
    if (child && child.points > 0) {
      // The subtest's own assertions are counted already; here only a failure that none of them told.
      this.#closeFrom(depth + 1)
      if (failed && child.failures === 0) this.#count.failed++
      return
    }
    if (child?.plan) this.#closeFrom(depth + 1)
    this.#open.length = depth + 1
    if (directive !== undefined || (child?.plan === 0 && !failed)) this.#count.skipped++
    else if (failed) this.#count.failed++
    else this.#count.passed++
  }

  #at(depth: number): Document {
    for (let level = this.#open.length; level <= depth; level++) this.#open.push(newDocument())
    return this.#open[depth]!
  }

  /** Ends the documents from `depth` on and checks that each kept its plan. */
  #closeFrom(depth: number): void {
    for (const [above, document] of this.#open.slice(depth).entries()) {
      const where = depth + above === 0 ? 'the TAP stream' : `a subtest at depth ${depth + above}`
      if (document.plan === undefined) this.#problems.push(`${where} ended without a plan`)
      else if (document.plan !== document.points)
        this.#problems.push(`${where} planned ${document.plan} and ran ${document.points}`)
      else if (depth + above === 0 && document.plan === 0 && document.skipReason) this.#count.skipped++
    }
    this.#open.length = Math.min(this.#open.length, depth)
  }
}

/** Leaves out YAML diagnostics, whose text may look like TAP. */
function* withoutDiagnostics(lines: readonly string[]): Generator<string> {
  let end: string | undefined
  for (const line of lines) {
    if (end !== undefined) {
      if (line.trimEnd() === end) end = undefined
    } else if (/^ +---\s*$/.test(line)) end = `${line.trimEnd().slice(0, -3)}...`
    else yield line
  }
}

if (import.meta.main) {
  const { passed, failed, skipped, problems } = countTap(readFileSync(process.argv[2]!, 'utf8'))
  for (const problem of problems) console.error(`tap: ${problem}`)
  if (passed + failed === 0) console.error('tap: nothing ran')
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}
