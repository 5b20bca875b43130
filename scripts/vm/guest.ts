import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import { bootMachine, type Machine } from './qemu.ts'

/** How a run in the guest ended; `died` means that the machine was gone before the command was. */
export type Outcome = OutcomeKind & {
  /** From power-on to the command's start; absent when it never started. */
  readonly bootSeconds: number | undefined
  readonly totalSeconds: number
}

type OutcomeKind =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'died' }

/** Boots the machine, passes its output on to ours, and ends it when time runs out. */
export async function runGuest(machine: Machine, timeoutSeconds: number): Promise<Outcome> {
  const started = performance.now()
  const elapsed = (): number => (performance.now() - started) / 1000
  let result: OutcomeKind = { kind: 'died' }
  let bootSeconds: number | undefined

  const running = await bootMachine(machine, (name, stream) => {
    if (name !== 'events') {
      stream.pipe(process[name], { end: false })
      return
    }
    createInterface({ input: stream }).on('line', line => {
      const [event, status] = line.split(' ')
      if (event === 'start') bootSeconds = elapsed()
      if (event === 'exit') result = { kind: 'exited', status: Number(status) }
    })
  })
  const timer = setTimeout(() => {
    result = { kind: 'timeout' }
    running.kill()
  }, timeoutSeconds * 1000)
  // Nobody reads our output any more.
  process.stdout.on('error', () => process.exit(128 + constants.signals.SIGPIPE))
  await running.ended
  clearTimeout(timer)
  return { ...result, bootSeconds, totalSeconds: elapsed() }
}
