/** A whole number as the kernel prints it, or undefined for anything else ('max', empty, absent). */
export const countIn = (text: string | undefined): number | undefined => {
  const trimmed = text?.trim() ?? ''
  return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined
}

/** The number after `key` in a file of `key number` lines. */
export const numberAfter = (text: string | undefined, key: string): number | undefined => {
  if (text === undefined) return undefined
  const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1
  if (start === 0 && !text.startsWith(`${key} `)) return undefined
  const end = text.indexOf('\n', start)
  return countIn(text.slice(start + key.length + 1, end === -1 ? undefined : end))
}

/** `value` in another unit, when there is one. */
export const scaled = (value: number | undefined, factor: number): number | undefined =>
  value === undefined ? undefined : Math.round(value * factor)
