import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import {
  annotatedProperties,
  type DeviceWrite,
  deviceProperties,
  type LimitWrite,
  type SystemdGroup,
  type UnitProperty,
  unitProperties,
} from '@tsbox/cgroups'
import { TsboxError } from '@tsbox/errors'
import { type ContainerGroup, PID } from '@tsbox/plan'

const BUS = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager']

const refuse = (why: string, hint: string): TsboxError =>
  new TsboxError('ERR_TSBOX_HOST', `--systemd-cgroup: ${why}`, { hint, step: '--systemd-cgroup' })

/** By whole names, as root does not want to be given another one. */
const findTool = (name: string): string => {
  for (const path of [`/usr/bin/${name}`, `/bin/${name}`]) {
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // The next one, then.
    }
  }
  throw refuse(`${name}(1) is not there`, 'Install systemd, or use the cgroupfs driver.')
}

/** `a(sv)` in the words of busctl(1). */
const wordsOf = (properties: readonly UnitProperty[]): readonly string[] => [
  String(properties.length),
  ...properties.flatMap(({ name, signature, words }) => [name, signature, ...words]),
]

const property = (name: string, signature: string, ...words: string[]): UnitProperty => ({
  name,
  signature,
  words,
})

export interface ScopeOptions {
  readonly unit: SystemdGroup
  readonly id: string
  readonly annotations: Readonly<Record<string, string>> | undefined
  readonly writes: readonly LimitWrite[]
  readonly deviceWrites: readonly DeviceWrite[]
}

/** The last value a property is given counts, so that annotations have the last word. */
const eachOnce = (properties: readonly UnitProperty[]): readonly UnitProperty[] => [
  ...new Map(properties.map(one => [one.name, one])).values(),
]

/**
 * The programs that have systemd make a container's group: a scope is asked for with init in it, and waited for
 * (org.freedesktop.systemd1(5), StartTransientUnit). systemd is told the limits too, or it would take them back.
 *
 * @throws TsboxError ERR_TSBOX_HOST where systemd does not run, ERR_TSBOX_SPEC for a slice, and for an annotation that cannot be read
 */
export const scopePrograms = (options: ScopeOptions): NonNullable<ContainerGroup['scope']> => {
  const { slice, unit } = options.unit
  if (!existsSync('/run/systemd/system')) {
    throw refuse(
      'systemd does not run on this host',
      'Use the cgroupfs driver: for docker, --exec-opt native.cgroupdriver=cgroupfs.',
    )
  }
  if (!unit.endsWith('.scope')) {
    throw new TsboxError(
      'ERR_TSBOX_SPEC',
      `linux.cgroupsPath: ${unit} is a slice, which holds no processes`,
      {
        hint: "Name a scope, like 'system.slice:docker:1234'.",
        step: 'linux.cgroupsPath',
      },
    )
  }
  const properties = eachOnce([
    property('Description', 's', `container ${options.id}`),
    property('Slice', 's', slice),
    property('Delegate', 'b', 'true'),
    property('CollectMode', 's', 'inactive-or-failed'),
    ...unitProperties(options.writes),
    ...deviceProperties(options.deviceWrites, driverOf),
    ...annotatedProperties(options.annotations),
    property('PIDs', 'au', '1', PID),
  ])
  const start = ['StartTransientUnit', 'ssa(sv)a(sa(sv))', unit, 'fail', ...wordsOf(properties), '0']
  const [busctl, systemctl] = [findTool('busctl'), findTool('systemctl')]
  return {
    make: [
      { path: busctl, argv: ['busctl', '--system', '--quiet', 'call', ...BUS, ...start] },
      { path: systemctl, argv: ['systemctl', '--quiet', 'start', unit] },
    ],
    stop: stopProgram(unit),
  }
}

const stopProgram = (unit: string) => ({
  path: findTool('systemctl'),
  argv: ['systemctl', '--quiet', 'stop', unit],
})

/** What is left to do with a scope when its container is removed. */
export const scopeEnd = (unit: string): NonNullable<ContainerGroup['scope']> => ({
  make: [],
  stop: stopProgram(unit),
})

/** The driver of a major number (proc(5), /proc/devices). */
const driverOf = (type: string, major: number): string | undefined => {
  const [characters = '', blocks = ''] = readFileSync('/proc/devices', 'utf8').split('Block devices:')
  return new RegExp(`^ *${major} (\\S+)$`, 'm').exec(type === 'b' ? blocks : characters)?.[1]
}

/**
 * Tells systemd of limits that have been changed.
 *
 * @throws TsboxError ERR_TSBOX_CGROUP in systemd's words
 */
export const updateScope = (unit: string, writes: readonly LimitWrite[]): void => {
  const properties = unitProperties(writes)
  if (properties.length === 0) return
  const { spawnSync } = createRequire(import.meta.url)(
    'node:child_process',
  ) as typeof import('node:child_process')
  const words = ['SetUnitProperties', 'sba(sv)', unit, 'true', ...wordsOf(properties)]
  const { status, stderr } = spawnSync(
    findTool('busctl'),
    ['--system', '--quiet', 'call', ...BUS, ...words],
    {
      encoding: 'utf8',
      cwd: '/',
      env: {},
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  if (status === 0) return
  throw new TsboxError('ERR_TSBOX_CGROUP', `systemd does not take the limits: ${stderr?.trim() ?? ''}`, {
    hint: 'The limits are in force; systemd may take them back at `systemctl daemon-reload`.',
    step: unit,
  })
}
