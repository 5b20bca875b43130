import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'

export interface Machine {
  readonly kernelImage: string
  readonly initramfs: string
  /** Written by the guest, but never changed: its writes go to a temporary file. */
  readonly base: string
  readonly checkout: string
  readonly kernelArguments: readonly string[]
  readonly memoryMiB: number
  /** An existing directory for sockets, the console's log and QEMU's temporary files. */
  readonly directory: string
}

/** The guest's output, each a port of its own so that kernel messages never mix with it. */
export type PortName = 'stdout' | 'stderr' | 'events'

const PORTS: readonly PortName[] = ['stdout', 'stderr', 'events']

const KERNEL_ARGUMENTS = [
  'console=ttyS0',
  'loglevel=4',
  'panic=-1',
  'cgroup_no_v1=all',
  'mitigations=off',
  'nokaslr',
  'tsc=reliable',
]

export function consoleLog(machine: Machine): string {
  return join(machine.directory, 'console.log')
}

/** QEMU's arguments (its manual's "Invocation"): software emulation, two disks, three output ports, no network. */
function qemuArguments(machine: Machine, portPath: (name: PortName) => string): readonly string[] {
  const port = (name: PortName, index: number): string[] => [
    '-chardev',
    `socket,id=${name},path=${portPath(name)}`,
    '-device',
    `virtserialport,chardev=${name},name=${name},nr=${index + 1}`,
  ]
  const disk = (id: string, file: string, snapshot: 'on' | 'off'): string[] => [
    '-drive',
    `id=${id},file=${file},format=raw,if=none,cache=unsafe,snapshot=${snapshot}`,
    '-device',
    `virtio-blk-pci,drive=${id}`,
  ]
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-net', 'none'],
    ...['-machine', 'pc', '-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max,la57=off'],
    ...['-smp', '2', '-m', String(machine.memoryMiB)],
    ...['-kernel', machine.kernelImage, '-initrd', machine.initramfs],
    ...['-append', [...KERNEL_ARGUMENTS, ...machine.kernelArguments].join(' ')],
    ...['-serial', `file:${consoleLog(machine)}`],
    // First, so that the guest calls its ports vport0p1 and on.
    ...['-device', 'virtio-serial-pci'],
    ...disk('base', machine.base, 'on'),
    ...disk('checkout', machine.checkout, 'off'),
    ...PORTS.flatMap(port),
  ]
}

/** A started machine. */
export interface RunningMachine {
  /** Resolves when QEMU has ended and every port has been read to its end. */
  readonly ended: Promise<void>
  /** Ends QEMU at once; what the guest has written is still read, for a moment. */
  readonly kill: () => void
}

/** How long a reader of our output may block it once the machine is gone. */
const DRAIN_MILLISECONDS = 2000

/** Boots a machine; `onPort` receives each port's stream as QEMU connects to it. */
export async function bootMachine(
  machine: Machine,
  onPort: (name: PortName, stream: Socket) => void,
): Promise<RunningMachine> {
  // A socket's path is limited to 107 bytes; this one is short wherever the directory is.
  const directory = await open(machine.directory)
  const portPath = (name: PortName): string => `/proc/${process.pid}/fd/${directory.fd}/${name}`
  const streams: Socket[] = []
  const closed: Promise<unknown>[] = []
  const servers = PORTS.map(name =>
    createServer(stream => {
      streams.push(stream)
      closed.push(once(stream, 'close'))
      onPort(name, stream)
    }).listen(portPath(name)),
  )
  await Promise.all(servers.map(server => once(server, 'listening')))
  // setpriv: QEMU must not outlive us, whichever way we end.
  const command = ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...qemuArguments(machine, portPath)]
  const qemu = spawn('setpriv', command, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, TMPDIR: machine.directory },
  })
  const ended = once(qemu, 'exit').then(async () => {
    const timer = setTimeout(() => streams.forEach(stream => void stream.destroy()), DRAIN_MILLISECONDS)
    for (const server of servers) server.close()
    await Promise.all(closed)
    clearTimeout(timer)
    await directory.close()
  })
  return { ended, kill: () => qemu.kill('SIGKILL') }
}
