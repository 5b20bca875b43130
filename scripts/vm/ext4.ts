import { $ } from 'zx'

const MIB = 1024 * 1024

export interface Ext4Request {
  /** The directory whose content becomes the file system's. */
  readonly from: string
  readonly to: string
  /** Room left for what the guest writes; costs nothing until written. */
  readonly freeMiB: number
}

/** Makes an ext4 image without a journal, since nobody mounts it twice; mke2fs(8) `-d` needs no mount and no loop device. */
export async function makeExt4({ from, to, freeMiB }: Ext4Request): Promise<void> {
  const { stdout } = await $({ quiet: true })`du -s --block-size=1 ${from}; du -s --inodes ${from}`
  const [bytes = 0, inodes = 0] = stdout.split('\n').map(line => Number.parseInt(line, 10))
  const sizeMiB = Math.ceil((bytes * 1.1) / MIB) + freeMiB
  const features = '^has_journal,^resize_inode'
  await $({ quiet: true })`mke2fs -q -F -t ext4 -m 0 -O ${features} -E root_owner=0:0 -N ${inodes + 65_536} \
    -d ${from} ${to} ${sizeMiB}M`
}
