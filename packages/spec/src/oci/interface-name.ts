import { type Check, shown, text } from './check.ts'
import { configError } from './config-error.ts'

/** A network interface's name, by the kernel's rules: 1 to 15 bytes, no '/', ':' or blank, neither '.' nor '..'. */
export const interfaceName: Check<string> = (value, path) => {
  const read = text(value, path)
  const plain = /^[^/:\s]+$/.test(read) && read !== '.' && read !== '..'
  if (plain && Buffer.byteLength(read) <= 15) return read
  throw configError(
    path,
    `${shown(read)} cannot be the name of a network interface`,
    'Use 1 to 15 bytes without "/", ":" and blanks.',
  )
}
