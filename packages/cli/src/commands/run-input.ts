import type { Limits } from '@tsbox/cgroups'
import { TsboxError } from '@tsbox/errors'
import type { BoxInput } from '@tsbox/spec'
import { isTerminal } from '../terminal.ts'
import type { RunSettings } from './run-settings.ts'
import { hostPath } from './run-values.ts'

/**
 * The box a command line asks for.
 *
 * @throws TsboxError ERR_TSBOX_USAGE when options contradict one another or there is no program
 */
export const boxInput = (settings: RunSettings, args: readonly string[]): BoxInput => {
  if (args.length === 0) {
    throw new TsboxError('ERR_TSBOX_USAGE', 'there is no program to run', {
      hint: 'Write it after the options: tsbox run /bin/sh',
      step: 'run',
    })
  }
  const terminal = wantsTerminal(settings)
  const term = terminal && settings.box.env.TERM === undefined ? process.env.TERM : undefined
  return {
    ...settings.box,
    ...(term === undefined ? {} : { env: { ...settings.box.env, TERM: term } }),
    args: [...args],
    root: rootOf(settings),
    limits: limitsOf(settings),
    terminal,
  }
}

const rootOf = ({ root, rootfs, layers, upper }: RunSettings): NonNullable<BoxInput['root']> => {
  const chosen = [
    root !== undefined && '--root',
    rootfs !== undefined && '--rootfs',
    layers.length > 0 && '--layer',
  ]
  const named = chosen.filter(option => option !== false)
  if (named.length > 1)
    throw usage(`${named.join(' and ')} contradict each other`, 'Choose one kind of root.')
  if (upper !== undefined && layers.length === 0)
    throw usage('--upper needs a --layer', 'Name what it lies over: --layer DIR --upper DIR.')
  if (rootfs !== undefined) return { kind: 'directory', path: hostPath(rootfs, '--rootfs') }
  if (layers.length > 0) {
    return {
      kind: 'layers',
      layers: layers.map(layer => hostPath(layer, '--layer')),
      ...(upper === undefined ? {} : { upper: hostPath(upper, '--upper') }),
    }
  }
  if (root === undefined || root === 'system' || root === 'host') return { kind: root ?? 'system' }
  throw usage(
    `there is no root ${JSON.stringify(root)}`,
    'Choose system or host, or give a directory with --rootfs.',
  )
}

const limitsOf = (settings: RunSettings): Limits => {
  const { memory, memorySwap, cpus, cpuWeight, cpusetCpus, ioMax } = settings
  const number = (value: string, option: string) => {
    if (/^\d+(\.\d+)?$/.test(value)) return Number(value)
    throw new TsboxError('ERR_TSBOX_SIZE', `${option}: ${JSON.stringify(value)} is not a number`, {
      hint: 'Write digits, such as 1.5.',
      step: option,
    })
  }
  return {
    ...settings.box.limits,
    ...(memory === undefined && memorySwap === undefined
      ? {}
      : { memory: { max: memory, swap: memorySwap } }),
    ...(cpus === undefined && cpuWeight === undefined
      ? {}
      : {
          cpu: {
            max: cpus === undefined ? undefined : number(cpus, '--cpus'),
            weight: cpuWeight === undefined ? undefined : number(cpuWeight, '--cpu-weight'),
          },
        }),
    ...(cpusetCpus === undefined ? {} : { cpuset: { cpus: cpusetCpus } }),
    ...(ioMax.length === 0 ? {} : { io: { max: ioMax } }),
  }
}

const wantsTerminal = ({ terminal }: RunSettings): boolean => {
  const have = isTerminal(0) && isTerminal(1)
  if (terminal !== true || have) return terminal ?? have
  throw usage('-t needs standard input and output to be terminals', 'Leave -t out, or run it in a terminal.')
}

const usage = (message: string, hint: string) =>
  new TsboxError('ERR_TSBOX_USAGE', message, { hint, step: 'run' })
