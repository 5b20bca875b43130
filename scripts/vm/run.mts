/**
 * Runs one command on a second kernel: Debian's cloud kernel, with cgroup v2 only, in a software-emulated machine.
 *
 *     npx node scripts/vm/run.mts [--timeout SECONDS] [--keep] [--kernel-arg ARG]... -- COMMAND...
 *
 * Three things are prepared below `build/vm/`. The kernel package is fetched and unpacked, not installed. The base
 * image (userland copied from this host's own packages, kernel modules, `node_modules`) is made again when its
 * ingredients change. The image of the checkout is made for each run, so the command sees the files as they are
 * now, at the path they have here. An initramfs, also made for each run, brings the command itself.
 *
 * The command runs as root with CI=true and TSBOX_TEST_VM=1, no network and no terminal, in the leaf cgroup `/init`.
 * Its stdout and stderr arrive on ours, byte for byte: each has a virtio port, and the kernel's messages go to
 * `console.log` in the run's directory. What the guest writes is thrown away.
 *
 * The exit status is the command's; 124 when time ran out, 125 when the machine could not be started or died.
 * The machine never outlives this process.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { which } from 'zx'
import { ensureBaseImage } from './base-image.ts'
import { makeCheckoutImage } from './checkout-image.ts'
import { runGuest } from './guest.ts'
import { buildInitramfs } from './initramfs.ts'
import { ensureKernel } from './kernel.ts'
import { parseOptions, type RunOptions, USAGE } from './options.ts'
import { ensurePackages } from './packages.ts'
import { consoleLog, type Machine } from './qemu.ts'
import { makeScratch } from './scratch.ts'
import { GUEST_PACKAGES } from './userland.ts'

const CHECKOUT = resolve(import.meta.dirname, '../..')
const CACHE = join(CHECKOUT, 'build/vm')
const HOST_PACKAGES = ['qemu-system-x86', 'e2fsprogs', 'util-linux', ...GUEST_PACKAGES]
const MEMORY_MIB = 2048

function say(message: string): void {
  process.stderr.write(`vm: ${message}\n`)
}

async function prepareMachine(options: RunOptions, directory: string): Promise<Machine> {
  await ensurePackages(HOST_PACKAGES)
  const kernel = await ensureKernel(CACHE, directory)
  const base = await ensureBaseImage({ cache: CACHE, scratch: directory, checkout: CHECKOUT, kernel })
  const checkout = await makeCheckoutImage(CHECKOUT, directory)
  const initramfs = join(directory, 'initramfs')
  const busybox = await which('busybox')
  await writeFile(
    initramfs,
    await buildInitramfs({ kernel, busybox, checkout: CHECKOUT, command: options.command }),
  )
  return {
    kernelImage: kernel.image,
    initramfs,
    base,
    checkout,
    kernelArguments: options.kernelArguments,
    memoryMiB: MEMORY_MIB,
    directory,
  }
}

async function bootAndReport(
  machine: Machine,
  options: RunOptions,
  preparedSeconds: number,
): Promise<number> {
  const outcome = await runGuest(machine, options.timeoutSeconds)
  const seconds = (value: number | undefined): string =>
    value === undefined ? 'never' : `${value.toFixed(1)} s`
  say(
    `prepared in ${seconds(preparedSeconds)}, command started ${seconds(outcome.bootSeconds)} after power-on, ` +
      `all done after ${seconds(outcome.totalSeconds)}`,
  )
  if (outcome.kind === 'exited') return outcome.status
  const log = await readFile(consoleLog(machine), 'utf8').catch(() => '')
  if (log !== '') say(`the console ended with:\n${log.split('\n').slice(-15).join('\n')}`)
  say(outcome.kind === 'timeout' ? `ended after ${options.timeoutSeconds} s (--timeout)` : 'the machine died')
  return outcome.kind === 'timeout' ? 124 : 125
}

async function main(): Promise<number> {
  const started = performance.now()
  const options = parseOptions(process.argv.slice(2))
  const scratch = await makeScratch(CACHE)
  try {
    const machine = await prepareMachine(options, scratch.directory)
    return await bootAndReport(machine, options, (performance.now() - started) / 1000)
  } finally {
    if (options.keep) say(`kept ${scratch.keep()}`)
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  if (error instanceof TypeError) say(USAGE)
  process.exitCode = 125
}
