// Family D against the OCI runtime: who a container's processes are, and what they may do.
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attack } from '../helpers/attack.ts'
import { outcomeOf } from '../helpers/command.ts'
import { probe } from '../helpers/rootfs.ts'
import { CAPABILITIES, type Json } from '../oci/helpers/config.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { sceneOf, statusField } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)
const STATUS = ['/bin/probe', 'status']
const USER = { uid: 1000, gid: 1000 }
const SETS = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']

const sets = (text: string, names: readonly string[] = SETS) =>
  names.map(name => BigInt(`0x${statusField(text, name) ?? 'missing'}`))

await test('D1: nothing is inheritable, so a file with inheritable capabilities gives none', {}, async oci => {
  const { t, dir, ok } = oci
  const { rootfs, run, start } = sceneOf(oci)
  const gift = join(rootfs, 'bin', 'gift')
  copyFileSync(probe(), gift)
  t.match(execFileSync(attack(), ['file-caps', gift]).toString(), /file-caps: ok/)
  const caller = { before: ['setpriv', '--inh-caps', '+net_raw,+chown'] }
  const process = { noNewPrivileges: false }
  const id = await start({ process }, caller)
  const file = join(dir, 'process.json')
  writeFileSync(file, JSON.stringify({ args: ['/bin/gift', 'status'], cwd: '/', user: USER }))
  const seen = [
    (await run({ process: { ...process, args: ['/bin/gift', 'status'], user: USER } }, caller)).stdout,
    (await run({ process: { ...process, args: STATUS } }, caller)).stdout,
    await ok(['exec', id, ...STATUS], caller),
    await ok(['exec', '--cap', 'CAP_NET_RAW', id, ...STATUS], caller),
    await ok(['exec', '--process', file, id], caller),
  ]
  for (const user of ['1000', '1000:1000'])
    for (const more of [[], ['--cap', 'CAP_NET_RAW']])
      seen.push(await ok(['exec', '-u', user, ...more, id, '/bin/gift', 'status'], caller))
  for (const text of seen) {
    t.same(sets(text, ['CapInh', 'CapAmb']), [0n, 0n])
    if (statusField(text, 'Uid')?.startsWith('1000'))
      t.same(sets(text, ['CapPrm', 'CapEff']), [0n, 0n], 'and nothing is gained')
  }
  const bare = await outcomeOf('setpriv', ['--inh-caps', '+net_raw', '--reuid', '1000', gift, 'status'])
  t.not(sets(bare.stdout, ['CapPrm'])[0], 0n, 'for a caller that lets it inherit, the same file gives some')
})

await test('D3, D4: a user other than root has no capabilities, and none has any without a reason', {}, async oci => {
  const { t, ok, tsbox } = oci
  const { run, start } = sceneOf(oci)
  for (const noNewPrivileges of [true, false]) {
    const id = await start({ process: { noNewPrivileges } })
    const made = await run({ process: { noNewPrivileges, args: STATUS, user: USER } })
    for (const text of [made.stdout, await ok(['exec', '-u', '1000', id, ...STATUS])])
      t.same(sets(text, ['CapPrm', 'CapEff', 'CapAmb']), [0n, 0n, 0n], `no_new_privs ${noNewPrivileges}`)
    t.not(sets(await ok(['exec', id, ...STATUS]), ['CapEff'])[0], 0n, 'root has those of the configuration')
  }
  const one = ['CAP_CHOWN']
  const none = { bounding: undefined, permitted: undefined, effective: undefined }
  for (const capabilities of [
    undefined,
    { ...none, permitted: one, effective: one },
    { bounding: ['CAP_FLY'], permitted: ['CAP_FLY'], effective: ['CAP_FLY'] },
  ]) {
    const process = { capabilities, noNewPrivileges: false }
    const seen = await run({ process: { ...process, args: STATUS } })
    const id = await start({ process })
    for (const text of [seen.stdout, await ok(['exec', id, ...STATUS])])
      t.same(
        sets(text, ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb']),
        [0n, 0n, 0n, 0n],
        JSON.stringify(capabilities),
      )
  }
  const id = await start()
  t.match(await tsbox(['exec', '--cap', 'CAP_FLY', id, ...STATUS]), {
    status: 1,
    stdout: '',
    stderr: /CAP_FLY/,
  })
})

await test('D5, D6: groups are those of the configuration, never the caller’s', {}, async oci => {
  const { t, ok } = oci
  const { rootfs, run, start } = sceneOf(oci)
  const caller = { before: ['setpriv', '--groups', '4242,4343'] }
  const bare = await outcomeOf('setpriv', ['--groups', '4242,4343', probe(), 'status'])
  t.equal(statusField(bare.stdout, 'Groups'), '4242 4343', 'without a container they come along')
  for (const [additionalGids, groups] of [
    [undefined, ''],
    [[], ''],
    [[7, 9], '7 9'],
  ] as const) {
    const user = { ...USER, ...(additionalGids === undefined ? {} : { additionalGids }) }
    const made = await run({ process: { args: STATUS, user } }, caller)
    const id = await start({ process: { user } }, caller)
    t.equal(statusField(made.stdout, 'Groups'), groups, `run, ${additionalGids}`)
    t.equal(
      statusField(await ok(['exec', id, ...STATUS], caller), 'Groups'),
      groups,
      `exec, ${additionalGids}`,
    )
    const other = await ok(['exec', '-u', '5:6', '-g', '8', id, ...STATUS], caller)
    t.equal(
      statusField(other, 'Groups'),
      [...groups.split(' '), '8'].filter(Boolean).join(' ').replace('9 8', '8 9'),
    )
  }

  const file = join(rootfs, 'not-for-group-4242')
  writeFileSync(file, 'x')
  execFileSync('chown', ['0:4242', file])
  chmodSync(file, 0o604)
  const dodge = join(rootfs, 'bin', 'other-group')
  copyFileSync(probe(), dodge)
  execFileSync('chown', ['0:5555', dodge])
  chmodSync(dodge, 0o2755)
  const open = async (process: Json) => {
    const args = ['/bin/other-group', 'open', '/not-for-group-4242', 'r']
    return (await run({ process: { args, capabilities: {}, ...process } })).stdout
  }
  const user = { uid: 1000, gid: 4242 }
  const named = { user: { ...user, additionalGids: [4242] }, noNewPrivileges: false }
  t.match(await open(named), /errno=13/, 'a group that is kept out, named as engines do, stays out')
  t.match(await open({ user, noNewPrivileges: true }), /errno=13/, 'so it does with no_new_privs')
  t.match(await open({ user, noNewPrivileges: false }), /ok/, 'with neither a setgid program gets round it')
})

await test('D13: a setuid program changes no one', {}, async oci => {
  const { t, ok } = oci
  const { rootfs, run, start } = sceneOf(oci)
  const su = join(rootfs, 'bin', 'su')
  copyFileSync(probe(), su)
  chmodSync(su, 0o4755)
  const all = { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES }
  const seen = async (noNewPrivileges: boolean, more: readonly string[] = []) => {
    const process = { noNewPrivileges, user: USER, capabilities: all }
    const id = await start({ process })
    const made = await run({ process: { ...process, args: ['/bin/su', 'ids'] } })
    return [made.stdout, await ok(['exec', ...more, id, '/bin/su', 'ids'])]
  }
  for (const text of await seen(true)) t.match(text, /^uid=1000 gid=1000 euid=1000 /)
  const [weak, asked] = await seen(false, ['--no-new-privs'])
  t.match(weak, /euid=0 /, 'where it is allowed, the same program does')
  t.match(asked, /euid=1000 /, 'exec --no-new-privs is enough for who joins')
  const id = await start({ process: { user: USER } })
  t.equal(statusField(await ok(['exec', id, ...STATUS]), 'NoNewPrivs'), '1')
})
