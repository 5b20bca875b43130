import { ociMain } from './oci/main.ts'

export { ociMain }

/** The command's launcher calls it when this file is the one it was asked for. */
export const start = async (args: readonly string[]): Promise<void> => {
  process.exitCode = await ociMain(args)
}
