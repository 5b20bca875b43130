/** The verbs of the OCI runtime; `run` is one too when it is given a bundle. */
const OCI_VERBS: ReadonlySet<string> = new Set([
  'create',
  'start',
  'state',
  'kill',
  'delete',
  'exec',
  'ps',
  'list',
  'pause',
  'resume',
  'update',
  'events',
  'features',
  'spec',
  'checkpoint',
  'restore',
])

/** Options that stand before a verb are the OCI runtime's. */
const OWN: ReadonlySet<string> = new Set(['-h', '--help', '--version'])

/** Which of the command's programs a command line is for: the one that runs boxes, or the OCI runtime. */
export const programFor = ([first = '']: readonly string[]): 'main' | 'oci' =>
  OCI_VERBS.has(first) || (first.startsWith('-') && !OWN.has(first)) ? 'oci' : 'main'
