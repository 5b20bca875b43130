/** Times of one contender, in milliseconds. With fewer than 100 samples p99 is the largest one. */
export type Summary = {
  readonly n: number
  readonly p50: number
  readonly p99: number
  readonly mean: number
  readonly min: number
}

/** The smallest sample that at least `share` (0 to 1) of all samples do not exceed (nearest rank). */
export const percentile = (samples: readonly number[], share: number): number => {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export const mean = (samples: readonly number[]): number =>
  samples.reduce((sum, each) => sum + each, 0) / samples.length

export const summarize = (samples: readonly number[]): Summary => ({
  n: samples.length,
  p50: percentile(samples, 0.5),
  p99: percentile(samples, 0.99),
  mean: mean(samples),
  min: percentile(samples, 0),
})
