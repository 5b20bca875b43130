import { TsboxError } from '@tsbox/errors'
import { isBundleRun } from './commands/bundle-run.ts'
import { runCommand } from './commands/run.ts'
import { programFor } from './program-for.ts'
import { printError, printText } from './report/print.ts'
import { VERSION } from './version.ts'

const HELP = `Usage: tsbox COMMAND

  run       run a program in a box
  doctor    say what this host can and cannot do

As the OCI runtime of docker, podman and containerd:

  create start state kill delete exec ps list
  pause resume update events features spec
  run --bundle DIR ID

Each has its own --help. tsbox --version says which version this is.

Example: sudo tsbox run /bin/sh
`

const main = async (args: readonly string[]): Promise<number> => {
  // `tsbox help run` asks what `tsbox run --help` does.
  const [first, topic] = args
  const asked = first === 'help' && topic !== undefined ? [topic, '--help'] : args
  const [command, ...rest] = asked
  if (programFor(asked) === 'oci' || (command === 'run' && isBundleRun(rest))) {
    const { ociMain } = await import('./commands/oci.ts')
    return ociMain(asked)
  }
  switch (command) {
    case 'run':
      printText(runCommand(rest))
      return 0
    case 'doctor': {
      const { doctorCommand } = await import('./commands/doctor.ts')
      const { text, status } = await doctorCommand(rest)
      printText(text)
      return status
    }
    case 'handback': {
      // Only a supervisor calls it, with descriptors of its own; by hand it is no command.
      if (process.env.TSBOX_HANDBACK === undefined) throw unknownCommand('handback')
      const { handbackCommand } = await import('./commands/handback.ts')
      return handbackCommand(rest)
    }
    case undefined:
    case 'help':
    case '-h':
    case '--help':
      printText(HELP)
      return command === undefined ? 125 : 0
    case '--version':
      printText(`tsbox ${VERSION}\n`)
      return 0
    default:
      throw unknownCommand(command)
  }
}

const unknownCommand = (command: string): TsboxError =>
  new TsboxError('ERR_TSBOX_USAGE', `there is no command ${JSON.stringify(command)}`, {
    hint: 'See `tsbox --help`; to run a program: tsbox run CMD.',
    step: 'tsbox',
  })

/** Everything up to becoming the supervisor is synchronous, so the common path waits for no turn of the event loop. */
main(process.argv.slice(2)).then(
  status => {
    process.exitCode = status
  },
  (error: unknown) => {
    printError(error)
    process.exitCode = error instanceof TsboxError ? error.exitStatus : 125
  },
)
