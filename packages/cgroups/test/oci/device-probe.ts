import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ACCESS } from '../../src/oci/device-rules.ts'
import type { Request } from './device-model.ts'

const PROBE = fileURLToPath(new URL('../../../../build/test/device_probe', import.meta.url))
if (!existsSync(PROBE)) throw new Error('build/test/device_probe is missing: run `make build-tests`')

const run = (...args: readonly string[]): string =>
  execFileSync(PROBE, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

/** Loads a device program and attaches it to a v2 group; what the kernel said to each. */
export const attach = (program: Buffer, group: string): string => {
  const place = mkdtempSync(join(tmpdir(), 'tsbox-device-'))
  try {
    const file = join(place, 'program')
    writeFileSync(file, program)
    return run('attach', file, group)
  } finally {
    rmSync(place, { recursive: true })
  }
}

const WANTED = { m: ACCESS.m, r: ACCESS.r, w: ACCESS.w, rw: ACCESS.r | ACCESS.w } as const

/** What the kernel lets a process of a group do with some nodes (`c:60:1`): the requests, and whether they were granted. */
export const tryNodes = (group: string, nodes: readonly string[]): readonly (readonly [Request, boolean])[] =>
  run('try', group, ...nodes)
    .trim()
    .split('\n')
    .flatMap(line => {
      const [node = '', ...answers] = line.split(' ')
      const [type, major, minor] = node.split(':')
      return answers.map(answer => {
        const [wanted, granted] = answer.split('=')
        const access = WANTED[wanted as keyof typeof WANTED]
        const request = {
          type: type === 'b' ? 'b' : 'c',
          major: Number(major),
          minor: Number(minor),
          access,
        } as const
        return [request, granted === '1'] as const
      })
    })
