import { features } from '@tsbox/runtime'
import { type Context, readVerb } from './context.ts'
import { exactly } from './words.ts'

const HELP = `Usage: tsbox features

Print what this runtime can do of the OCI specification, as JSON.

Example: tsbox features
`

export const featuresVerb = (context: Context): string => {
  const { words, help } = readVerb(context, [], {})
  if (help) return HELP
  exactly(words, [], 'features')
  return `${JSON.stringify(features(), null, 2)}\n`
}
