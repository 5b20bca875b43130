import { type Check, list, oneOf, unlessEmpty } from './check.ts'
import { NAMESPACE_TYPES, type OciNamespace } from './config.ts'
import { configError } from './config-error.ts'
import { absolutePath } from './inside-path.ts'
import { record } from './record.ts'

const entries = list(
  record<OciNamespace>({
    fields: { type: oneOf(NAMESPACE_TYPES), path: unlessEmpty(absolutePath) },
    required: ['type'],
  }),
)

/** `linux.namespaces`: known types, each once. */
export const namespaces: Check<readonly OciNamespace[]> = (value, path) => {
  const read = entries(value, path)
  for (const [i, { type }] of read.entries()) {
    if (read.findIndex(other => other.type === type) < i)
      throw configError(`${path}[${i}].type`, `"${type}" is there twice`, 'Keep one of the two.')
  }
  return read
}
