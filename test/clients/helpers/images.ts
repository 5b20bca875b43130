import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Machine } from './machine.ts'

/** The image of these tests: busybox and a few files, made here and loaded into each engine. Nothing is pulled. */
export const IMAGE = 'localhost/tools:1'

/** Where `makeImage` puts the archive that `docker load`, `podman load` and `ctr image import` take. */
export const ARCHIVE = '/run/image/tools.tar'

/** The root file system of the image as one tar, for `docker import` and `podman import`. */
export const ROOT_TAR = '/run/image/layer.tar'

/** The root file system of the image as a directory. */
export const ROOT_DIR = '/run/image/root'

const MAKE_ROOT = `
mkdir -p ${ROOT_DIR} && cd ${ROOT_DIR}
mkdir -p bin sbin usr/bin dev etc home/user mnt proc root sys var www
mkdir -m 1777 tmp
cp "$(command -v busybox)" bin/busybox
for applet in $(busybox --list); do ln -s busybox "bin/$applet" 2>/dev/null || true; done
printf 'root:x:0:0:root:/root:/bin/sh\\nuser:x:1000:1000:user:/home/user:/bin/sh\\n' >etc/passwd
printf 'root:x:0:\\nuser:x:1000:\\nextra:x:2000:user\\n' >etc/group
chown 1000:1000 home/user
echo 'a page' >www/index.html
printf 'not a program' >bin/not-a-program && chmod 755 bin/not-a-program
cp /usr/bin/tini-static usr/bin/setuid-init && chmod 4755 usr/bin/setuid-init
tar --numeric-owner -cf ${ROOT_TAR} .`

/** Makes the image's files below /run/image of the machine. */
export const makeImage = async (machine: Machine): Promise<void> => {
  mkdirSync(machine.path('/run/image'), { recursive: true })
  const made = await machine.sh(`set -eu\n${MAKE_ROOT}`)
  if (made.status !== 0) throw new Error(`the image could not be made: ${made.stderr}`)
  const layer = createHash('sha256')
    .update(readFileSync(machine.path(ROOT_TAR)))
    .digest('hex')
  const config = JSON.stringify(configOf(layer))
  const name = `${createHash('sha256').update(config).digest('hex')}.json`
  writeFileSync(machine.path(`/run/image/${name}`), config)
  const manifest = [{ Config: name, RepoTags: [IMAGE], Layers: ['layer.tar'] }]
  writeFileSync(machine.path('/run/image/manifest.json'), JSON.stringify(manifest))
  const packed = await machine.sh(`cd /run/image && tar -cf ${ARCHIVE} manifest.json ${name} layer.tar`)
  if (packed.status !== 0) throw new Error(`the archive could not be made: ${packed.stderr}`)
}

/** The image's configuration (image-spec, config.md), with a program that waits and ends at once when it is told to. */
const configOf = (layer: string) => ({
  architecture: process.arch === 'x64' ? 'amd64' : process.arch,
  os: 'linux',
  config: { Env: ['PATH=/bin:/usr/bin', 'FROM_IMAGE=yes'], Cmd: WAIT, WorkingDir: '/' },
  rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  history: [{ created_by: 'a test' }],
})

/** A program that waits, and ends with status 0 when it gets SIGTERM. */
export const WAIT = ['sh', '-c', 'trap "exit 0" TERM; echo waiting; sleep 100000 & wait'] as const

/** Counts in a file, ten times a second. */
export const COUNT = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i >/tmp/n; sleep 0.1; done']
