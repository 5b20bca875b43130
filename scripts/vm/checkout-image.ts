import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'
import { makeExt4 } from './ext4.ts'

/** Not needed by a test, or (the dependencies) already in the base image. */
const LEFT_OUT = ['.git', '.turbo', 'node_modules', 'build/vm']

/** A fresh image of the checkout as it stands, built files included. */
export async function makeCheckoutImage(checkout: string, directory: string): Promise<string> {
  const stage = join(directory, 'checkout')
  const image = join(directory, 'checkout.ext4')
  const excludes = LEFT_OUT.map(path => `--exclude=./${path}`)
  await mkdir(stage)
  // Another program may write into the checkout meanwhile: tar exits 1 for a file that changed as it was read.
  await $({
    quiet: true,
  })`(tar -C ${checkout} -c --anchored ${excludes} . || test $? = 1) | tar -C ${stage} -xp`
  await makeExt4({ from: stage, to: image, freeMiB: 512 })
  await rm(stage, { recursive: true })
  return image
}
