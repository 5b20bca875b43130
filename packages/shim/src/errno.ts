import { constants } from 'node:os'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'

/** The name of an errno, such as 'ENOENT'; one that neither libuv nor Node has a name for is told by number. */
export const errnoName = (errno: number): string => {
  const name = RARE[errno] ?? getSystemErrorName(-errno)
  if (!name.startsWith('Unknown')) return name
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`
}

/** What the errno means, in words. */
export const errnoMessage = (errno: number): string => {
  const message = WORDS[errnoName(errno)] ?? getSystemErrorMessage(-errno)
  return message.startsWith('Unknown') ? errnoName(errno) : message
}

/** Names libuv does not have (errno(3)). */
const RARE: Readonly<Record<number, string>> = {
  8: 'ENOEXEC',
  71: 'EPROTO',
  74: 'EBADMSG',
  122: 'EDQUOT',
  126: 'ENOKEY',
}

const WORDS: Readonly<Record<string, string>> = {
  ENOEXEC: 'exec format error',
  EBADMSG: 'malformed operation',
  EDQUOT: 'quota exceeded',
  ENOKEY: 'no such key',
}
