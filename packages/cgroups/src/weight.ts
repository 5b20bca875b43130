const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))

/**
 * `cpu.shares` (v1) with the scheduling effect of a `cpu.weight` (v2).
 *
 * The kernel keeps one number for both and reads a weight as `weight × 1024 / 100` of it (`sched_weight_from_cgroup`
 * in kernel/sched/core.c), so two groups keep the proportion their weights have: 100 is 1024, 200 is 2048.
 */
export const sharesFromWeight = (weight: number): number =>
  clamp(Math.round((weight * 1024) / 100), 2, 262_144)

/**
 * `cpu.weight` (v2) for a `cpu.shares` (v1), the way OCI runtimes convert it: a curve in the logarithm of the shares
 * through (2, 1), (1024, 100) and (262144, 10000), so both ends and the ordinary value meet:
 * `weight = ceil(10^((l² + 125 l) / 612 − 7 / 34))` with `l = log2(shares)`.
 */
export const weightFromShares = (shares: number): number => {
  if (shares <= 2) return 1
  if (shares >= 262_144) return 10_000
  const l = Math.log2(shares)
  const weight = 10 ** ((l * l + 125 * l) / 612 - 7 / 34)
  // At the curve's fixed points the exponent is a whole number except for rounding, which must not add a step.
  return clamp(Math.ceil(weight - 1e-9), 1, 10_000)
}

/**
 * `blkio.bfq.weight` (v1, 1 to 1000) for an `io.weight` (v2, 1 to 10000). Both start at 100, so up to there they are the
 * same; above, 100 to 10000 is spread evenly over 100 to 1000.
 */
export const bfqWeightFromIoWeight = (weight: number): number =>
  weight <= 100 ? weight : Math.round(100 + ((weight - 100) * 900) / 9900)
