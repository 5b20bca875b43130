import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TsboxError } from '@tsbox/errors'

/**
 * The path of the shim for this machine: beside this program when it was installed, else from the package for this
 * platform. The environment has no say in it, because what is found here runs as root.
 *
 * @throws TsboxError ERR_TSBOX_SHIM_MISSING
 */
export const locateShim = (): string => {
  const here = fileURLToPath(import.meta.url)
  const beside = join(dirname(here), 'tsbox-shim')
  if (isExecutable(beside)) return beside
  const name = `@tsbox/shim-linux-${process.arch}`
  try {
    const path = createRequire(here).resolve(`${name}/bin/tsbox-shim`)
    if (isExecutable(path)) return path
  } catch {
    // Not installed for this platform: told below.
  }
  throw new TsboxError(
    'ERR_TSBOX_SHIM_MISSING',
    `the shim for ${process.platform}-${process.arch} is not installed`,
    {
      hint: `Run \`make shim\` in a checkout, or install the package ${name}.`,
      step: 'locate',
    },
  )
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
