/** What a TAP document says, each assertion counted once: a subtest's own line counts only when nothing in it did. */
export interface TapCount {
  readonly passed: number
  readonly failed: number
  /** One entry for each `# SKIP` and `# TODO`: the test's name and the reason given. */
  readonly skipped: readonly string[]
}

const TEST_POINT = /^( *)(not )?ok\b(?: \d+)?(?: - ?)?(.*)$/
const PLAN_SKIP = /^1\.\.0 # SKIP\b *(.*)$/i
const BAIL_OUT = /^ *Bail out!/
const DIRECTIVE = / ?(?<!\\)# *(SKIP|TODO)\b *(.*)$/i
const TIME = / # time=\S+$/

interface Level {
  readonly indent: number
  failed: boolean
}

/** Counts a TAP 14 document (testanything.org, "Subtests"), as tap prints it. Text around it is ignored. */
export function countTap(document: string): TapCount {
  let passed = 0
  let failed = 0
  const skipped: string[] = []
  const levels: Level[] = []
  for (const line of withoutDiagnostics(document.split('\n'))) {
    const planSkip = PLAN_SKIP.exec(line)
    if (planSkip !== null) skipped.push(`the whole file: ${planSkip[1] || 'no reason given'}`)
    if (BAIL_OUT.test(line)) failed++
    const [, indent, not, description = ''] = TEST_POINT.exec(line) ?? []
    if (indent === undefined) continue
    const { hadChildren, childFailed } = closeDeeper(levels, indent.length)
    const directive = DIRECTIVE.exec(description)
    const isFailure = not !== undefined && directive?.[1]?.toUpperCase() !== 'TODO'
    levels.at(-1)!.failed ||= isFailure
    if (hadChildren && (!isFailure || childFailed)) continue
    if (isFailure) failed++
    else if (directive !== null) skipped.push(skipNote(description.slice(0, directive.index), directive))
    else passed++
  }
  return { passed, failed, skipped }
}

/** Forgets levels deeper than `indent`, and makes sure that one for `indent` is on top. */
function closeDeeper(levels: Level[], indent: number): { hadChildren: boolean; childFailed: boolean } {
  let hadChildren = false
  let childFailed = false
  for (let top = levels.at(-1); top !== undefined && top.indent > indent; top = levels.at(-1)) {
    hadChildren = true
    childFailed ||= top.failed
    levels.pop()
  }
  if (levels.at(-1)?.indent !== indent) levels.push({ indent, failed: false })
  return { hadChildren, childFailed }
}

function skipNote(name: string, [, kind = '', reason = '']: RegExpExecArray): string {
  const why = reason.replace(TIME, '')
  return `${name.trim()}: ${[kind.toUpperCase() === 'TODO' ? 'TODO' : '', why].filter(Boolean).join(' ') || 'no reason given'}`
}

/** A failure's YAML block may quote TAP, so it is left out. */
function* withoutDiagnostics(lines: readonly string[]): Generator<string> {
  let end: string | undefined
  for (const line of lines) {
    if (end !== undefined) {
      if (line === end) end = undefined
    } else if (/^ +---$/.test(line)) end = line.replace('---', '...')
    else yield line
  }
}
