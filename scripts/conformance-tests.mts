// Which fields of config.json the tests of test/oci show, read from their sources.
import ts from 'typescript'

/** A test, as far as the conformance page needs it. */
export interface FieldTest {
  /** From the top of the checkout. */
  readonly file: string
  /** What differs from run to run of a test that stands in a loop is `…`. */
  readonly title: string
  /** Fields it shows, without braces. */
  readonly shows: readonly string[]
  /** It is skipped where the host lacks something. */
  readonly onlySomeHosts: boolean
  /** Why `shows` cannot be read. */
  readonly problem?: string
}

/** `a.{b,c}[].d` is `a.b[].d` and `a.c[].d`; several braces make every combination. */
export const expanded = (pattern: string): readonly string[] => {
  const [whole, inside] = /\{([^{}]*)\}/.exec(pattern) ?? []
  if (whole === undefined || inside === undefined) return [pattern]
  // A replacement text may have dollars of its own.
  return inside.split(',').flatMap(each => expanded(pattern.replace(whole, () => each)))
}

const textOf = (node: ts.Expression): string | undefined =>
  ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) ? node.text : undefined

const titleOf = (node: ts.Expression): string | undefined =>
  ts.isTemplateExpression(node)
    ? [node.head.text, ...node.templateSpans.map(({ literal }) => `…${literal.text}`)].join('')
    : textOf(node)

const member = (object: ts.ObjectLiteralExpression, name: string): ts.ObjectLiteralElementLike | undefined =>
  object.properties.find(
    each => each.name !== undefined && ts.isIdentifier(each.name) && each.name.text === name,
  )

/** The patterns of `shows: ['…', …]`; undefined when they are anything but plain strings. */
const patternsOf = (shows: ts.ObjectLiteralElementLike): readonly string[] | undefined => {
  if (!ts.isPropertyAssignment(shows) || !ts.isArrayLiteralExpression(shows.initializer)) return undefined
  const texts = shows.initializer.elements.map(textOf)
  return texts.every(text => text !== undefined) ? texts : undefined
}

const testOf = (file: string, call: ts.CallExpression): FieldTest | undefined => {
  const [first, options] = call.arguments
  if (!ts.isIdentifier(call.expression) || call.expression.text !== 'test') return undefined
  if (first === undefined || options === undefined || !ts.isObjectLiteralExpression(options)) return undefined
  const title = titleOf(first)
  const shows = member(options, 'shows')
  const patterns = shows === undefined ? [] : patternsOf(shows)
  const found = { file, title: title ?? '…', onlySomeHosts: member(options, 'skip') !== undefined }
  if (patterns === undefined || title === undefined)
    return { ...found, shows: [], problem: 'its title and `shows` have to be plain strings in the source' }
  return { ...found, shows: patterns.flatMap(expanded) }
}

/** The tests of a file, in their order: calls of `test` with a title, options and a body. */
export const testsIn = (file: string, text: string): readonly FieldTest[] => {
  const found: FieldTest[] = []
  const look = (node: ts.Node): void => {
    const test = ts.isCallExpression(node) ? testOf(file, node) : undefined
    if (test !== undefined) found.push(test)
    ts.forEachChild(node, look)
  }
  look(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true))
  return found
}
