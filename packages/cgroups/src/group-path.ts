import { TsboxError } from '@tsbox/errors'

const MAX_COMPONENT = 255
/** PATH_MAX less room for the longest mount point and file name we put around it. */
const MAX_PATH = 3072

const LONE_SURROGATE = /\p{Surrogate}/u

/** Whether the text holds a C0 control character, NUL and newline among them, or DEL. */
export const hasControlCharacter = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}

const problemOf = (path: unknown): string | undefined => {
  if (typeof path !== 'string') return 'it is not text'
  if (!path.startsWith('/')) return 'it does not start with /'
  if (path === '/') return 'it names the top of the tree, which belongs to everyone'
  if (hasControlCharacter(path)) return 'it holds a control character'
  if (LONE_SURROGATE.test(path)) return 'it is not well-formed Unicode'
  if (Buffer.byteLength(path) > MAX_PATH) return `it is longer than ${MAX_PATH} bytes`
  for (const part of path.slice(1).split('/')) {
    if (part === '') return 'it has an empty component'
    if (part === '.' || part === '..') return `it has the component ${part}`
    if (Buffer.byteLength(part) > MAX_COMPONENT) return `a component is longer than ${MAX_COMPONENT} bytes`
  }
  return undefined
}

/**
 * The path unchanged when it is a group's: `/a/b`, counted from each hierarchy's mount, without `.`, `..`, empty
 * components or control characters, each component at most 255 bytes.
 *
 * @throws TsboxError ERR_TSBOX_SPEC
 */
export const checkGroupPath = (path: string): string => {
  const problem = problemOf(path)
  if (problem === undefined) return path
  throw new TsboxError('ERR_TSBOX_SPEC', `${JSON.stringify(path)} cannot be a cgroup's path: ${problem}`, {
    hint: "write it like '/tsbox/web-1'",
    step: 'path',
  })
}

/** The paths above a group's, top first, without '/': `/a/b/c` has `/a` and `/a/b`. */
export const ancestorsOf = (path: string): readonly string[] => {
  const parts = path.split('/')
  return parts.slice(2).map((_, index) => parts.slice(0, index + 2).join('/'))
}
