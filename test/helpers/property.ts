import fc from 'fast-check'

interface Asserts {
  pass(message: string): unknown
  fail(message: string): unknown
}

/** One assertion: that a property holds for everything tried; a failure tells the smallest counter-example. */
export const holds = <Ts>(
  t: Asserts,
  property: fc.IRawProperty<Ts, false>,
  options: fc.Parameters<Ts> = {},
): void => {
  const result = fc.check(property, { numRuns: 500, ...options })
  if (result.failed) t.fail(`${fc.defaultReportMessage(result)}\n${result.errorInstance ?? ''}`)
  else t.pass(`holds for ${result.numRuns} examples`)
}
