import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { TsboxError } from '@tsbox/errors'
import type { NetDevice } from '@tsbox/plan'
import type { OciConfig } from '@tsbox/spec'

/** ip(8) of iproute2, by its whole name: who runs this as root does not want to be given another one. */
const TOOLS = ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip', '/bin/ip']

const refuse = (field: string, why: string, hint: string): TsboxError =>
  new TsboxError('ERR_TSBOX_HOST', `${field}: ${why}`, { hint, step: field })

const findTool = (): string => {
  for (const path of TOOLS) {
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // The next one, then.
    }
  }
  throw refuse('linux.netDevices', 'moving interfaces needs ip(8)', 'Install iproute2.')
}

interface Link {
  readonly ifindex?: number
  readonly flags?: readonly string[]
  readonly addr_info?: readonly {
    readonly local: string
    readonly prefixlen: number
    readonly scope: string
  }[]
}

/** What the kernel forgets of an interface when it is moved, asked before. */
const look = (tool: string, name: string): Link => {
  const { execFileSync } = createRequire(import.meta.url)(
    'node:child_process',
  ) as typeof import('node:child_process')
  try {
    const text = execFileSync(tool, ['-json', 'address', 'show', 'dev', name], {
      encoding: 'utf8',
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return (JSON.parse(text) as readonly Link[])[0] ?? {}
  } catch {
    throw refuse(
      `linux.netDevices[${JSON.stringify(name)}]`,
      'there is no such interface on this host',
      '`ip link` lists them.',
    )
  }
}

/**
 * The interfaces a configuration moves into its container (runtime-spec, config-linux.md, "Network Devices").
 *
 * @throws TsboxError ERR_TSBOX_HOST for one that is not there, or without ip(8)
 */
export const netDevicesOf = ({ linux }: OciConfig): readonly NetDevice[] => {
  const wanted = Object.entries(linux.netDevices ?? {})
  if (wanted.length === 0) return []
  const tool = findTool()
  const isNew = linux.namespaces?.some(({ type, path }) => type === 'network' && path === undefined)
  return wanted.map(([name, { name: given }]) => {
    const { flags = [], addr_info = [], ifindex } = look(tool, name)
    const inside = given === undefined || given === '' ? name : given
    const isTemplate = inside.includes('%')
    if (isTemplate && isNew !== true)
      throw refuse(
        `linux.netDevices[${JSON.stringify(name)}].name`,
        'a template needs a new network namespace',
        'Name the interface in full.',
      )
    return {
      name,
      inside,
      handle: isTemplate ? `if${ifindex}` : inside,
      addresses: addr_info
        .filter(({ scope }) => scope === 'global')
        .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
      up: flags.includes('UP'),
      tool,
    }
  })
}
