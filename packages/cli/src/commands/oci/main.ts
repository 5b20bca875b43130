import { TsboxError } from '@tsbox/errors'
import { readOptions } from '../../option.ts'
import { reportFailure } from '../../report/oci-log.ts'
import { printText } from '../../report/print.ts'
import { requireUtf8Arguments } from '../../utf8.ts'
import { VERSION } from '../../version.ts'
import { type Context, GLOBAL_OPTIONS, newGlobals } from './context.ts'
import { createVerb, runVerb } from './create.ts'
import { deleteVerb } from './delete.ts'
import { eventsVerb } from './events.ts'
import { execVerb } from './exec.ts'
import { featuresVerb } from './features.ts'
import { killVerb } from './kill.ts'
import { listVerb } from './list.ts'
import { pauseVerb, resumeVerb } from './pause.ts'
import { psVerb } from './ps.ts'
import { refuseVerb } from './refuse.ts'
import { specVerb } from './spec.ts'
import { startVerb } from './start.ts'
import { stateVerb } from './state.ts'
import { updateVerb } from './update.ts'

/** A verb returns text to print, or the status to end with; one that becomes another program does neither. */
type Verb = (context: Context) => Promise<number | string> | number | string

const VERBS: Readonly<Record<string, Verb>> = {
  create: createVerb,
  run: runVerb,
  start: startVerb,
  state: stateVerb,
  kill: killVerb,
  delete: deleteVerb,
  exec: execVerb,
  ps: psVerb,
  list: listVerb,
  pause: pauseVerb,
  resume: resumeVerb,
  update: updateVerb,
  events: eventsVerb,
  features: featuresVerb,
  spec: specVerb,
  checkpoint: refuseVerb,
  restore: refuseVerb,
}

/** As an OCI runtime tsbox ends with 1 whenever it refuses or fails, as engines expect. */
const FAILED = 1

/**
 * The OCI runtime: the command line of runc, so that engines need no adapter.
 *
 * @returns the exit status
 */
export const ociMain = async (all: readonly string[]): Promise<number> => {
  const globals = newGlobals()
  try {
    requireUtf8Arguments(all)
    const { rest, help } = readOptions(all, GLOBAL_OPTIONS, globals)
    if (globals.version) {
      printText(`tsbox ${VERSION}\n`)
      return 0
    }
    const [verb, ...args] = rest
    if (help || verb === undefined) {
      printText(HELP)
      return help ? 0 : FAILED
    }
    const run = VERBS[verb]
    if (run === undefined) throw unknownVerb(verb)
    const result = await run({ globals, args, all, verb })
    if (typeof result === 'number') return result
    printText(result)
    return 0
  } catch (error) {
    reportFailure(error, globals)
    return FAILED
  }
}

const unknownVerb = (verb: string): TsboxError =>
  new TsboxError('ERR_TSBOX_USAGE', `there is no verb ${JSON.stringify(verb)}`, {
    hint: 'See `tsbox --help`.',
    step: 'tsbox',
  })

const HELP = `Usage: tsbox [options] VERB

As the OCI runtime of docker, podman and containerd:

  create start state kill delete    the life of a container
  run --bundle                      all of it at once
  exec ps                           programs in a container
  pause resume update events        what it may use, and uses
  list features spec                what there is

  --root DIR                        where the state of containers lies
  --log FILE, --log-format json     where errors go too
  --systemd-cgroup, --debug

Each verb has its own --help.

Example: sudo tsbox create --bundle /containers/web web && sudo tsbox start web
`
