// Family J against the OCI runtime: what travels from config.json to the container, and what must not.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inParallel } from '../helpers/boxes.ts'
import { CAPABILITIES, MOUNTS, PATH } from '../oci/helpers/config.ts'
import { ociTests } from '../oci/helpers/oci-test.ts'
import { program, sceneOf } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

/** What a plan of ours begins with, as far as a text can hold it: a reader that loses count takes the rest for operations. */
const FAKE = 'TSBX\u0001\u0002\u0001\u0001\u0001\u007f'
const textOf = (length: number) => FAKE.repeat(Math.ceil(length / FAKE.length)).slice(0, length)

await test('J2: texts of every length arrive exactly, in create and in exec', {}, async oci => {
  const { t, dir, tsbox } = oci
  const { run, start } = sceneOf(oci)
  const id = await start()
  await inParallel([1, 127, 128, 255, 256, 4095, 65_535, 65_536, 65_537, 131_000], async length => {
    const text = textOf(length)
    const made = await run(program('/bin/probe', 'echo', text))
    t.ok(made.stdout === `${text}\n`, `an argument of ${length} bytes ${made.stderr.slice(0, 200)}`)
    const env = [PATH, `LONG=${text}`, 'AFTER=wards']
    const vars = await run({ process: { args: ['/bin/probe', 'env'], env } })
    t.ok(vars.stdout.includes(`LONG=${text}\nAFTER=wards\n`), `a variable of ${length} bytes`)
    const file = join(dir, `process-${length}`)
    writeFileSync(
      file,
      JSON.stringify({ cwd: '/', args: ['/bin/probe', 'env'], env, user: { uid: 0, gid: 0 } }),
    )
    const joined = await tsbox(['exec', '--process', file, id])
    t.ok(joined.stdout.includes(`LONG=${text}\nAFTER=wards\n`), `exec: ${joined.stderr.slice(0, 200)}`)
  })
})

await test('J2: what is too long or too much for a plan or the kernel is an error, and nothing starts', {}, async oci => {
  const { t } = oci
  const { run, rootfs } = sceneOf(oci)
  mkdirSync(join(rootfs, 'v'))
  const ran = ['/bin/probe', 'echo', 'ran']
  const many = (n: number, of: (i: number) => unknown) => Array.from({ length: n }, (_, i) => of(i))
  const tmpfs = (i: number) => ({ destination: `/v/${i}`, type: 'tmpfs', source: 'tmpfs' })
  for (const [what, over] of Object.entries({
    'a variable of 128 KiB': { process: { args: ran, env: [`LONG=${'x'.repeat(131_072)}`] } },
    'a variable of 1 MiB': { process: { args: ran, env: [`LONG=${'x'.repeat(1 << 20)}`] } },
    'an argument of 3 MiB': { process: { args: [...ran, 'x'.repeat(3 << 20)] } },
    'a mount source of 70,000 bytes': {
      process: { args: ran },
      mounts: [
        ...MOUNTS,
        { destination: '/v', type: 'bind', source: `/${textOf(70_000)}`, options: ['bind'] },
      ],
    },
    '100,000 mounts': { process: { args: ran }, mounts: [...MOUNTS, ...many(100_000, tmpfs)] },
    '100,000 groups': {
      process: { args: ran, user: { uid: 0, gid: 0, additionalGids: many(100_000, i => i) } },
    },
    'a host name of 70,000 bytes': { process: { args: ran }, hostname: textOf(70_000) },
    'a working directory of 70,000 bytes': { process: { args: ran, cwd: `/${'d/'.repeat(35_000)}` } },
  })) {
    const { status, stdout, stderr } = await run(over)
    t.same([status, stdout], [1, ''], what)
    t.match(stderr, /ERR_TSBOX_/, stderr.slice(0, 200))
  }
  const env = many(4000, i => `N${i}=${'v'.repeat(90)}`) as string[]
  const all = await run({ process: { args: ['/bin/probe', 'env'], env } })
  t.ok(all.status === 0 && env.every(line => all.stdout.includes(line)), 'four thousand variables arrive')
})

await test('J3: what config.json says to the host cannot be read in the container', {}, async oci => {
  const { t, ok } = oci
  const { bundle } = sceneOf(oci)
  const secret = `only-the-host-knows-${process.pid}`
  const reversed = [...secret].reverse().join('')
  const capabilities = [...CAPABILITIES, 'CAP_SYS_PTRACE']
  const rights = { bounding: capabilities, effective: capabilities, permitted: capabilities }
  const hook = { path: '/bin/true', args: ['true', secret], env: [`S=${secret}`] }
  const hooks = Object.fromEntries(
    ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'].map(kind => [kind, [hook]]),
  )
  const started = async (env: readonly string[]) => {
    const { id, dir } = bundle({ annotations: { secret }, hooks, process: { capabilities: rights, env } })
    await ok(['create', '--bundle', dir, id])
    await ok(['start', id])
    return id
  }
  const id = await started([PATH])
  const look = (where: string, name = id) => ok(['exec', name, '/bin/attack', 'scan', reversed, where])
  const first = await look('1')
  t.match(first, /mem: ok/, 'process 1 can be read, with CAP_SYS_PTRACE')
  t.match(first, /^found 0$/m, 'and does not know it')
  t.match(await look('self'), /^found 0$/m, 'nor does a process that joined')
  t.match(
    await look('1', await started([PATH, `GIVEN=${secret}`])),
    /found in environ/,
    'what it is given is found',
  )
})

await test('J4: what changes in a bundle after create changes nothing for start, exec and delete', {}, async oci => {
  const { t, dir, ok } = oci
  const { bundle, rootfs } = sceneOf(oci)
  const made = bundle({ process: { args: ['/bin/sh', '-c', 'echo old >/out; exec sleep 1000'] } })
  await ok(['create', '--bundle', made.dir, made.id])
  const file = join(made.dir, 'config.json')
  const config = JSON.parse(readFileSync(file, 'utf8'))
  const evil = [{ path: '/bin/sh', args: ['sh', '-c', `echo ran >${dir}/ran`] }]
  writeFileSync(
    file,
    JSON.stringify({
      ...config,
      root: { path: '/' },
      hooks: { startContainer: evil, poststart: evil, poststop: evil },
      process: {
        ...config.process,
        args: ['/bin/sh', '-c', 'echo new >/out'],
        noNewPrivileges: false,
        capabilities: undefined,
      },
    }),
  )
  await ok(['start', made.id])
  const status = await ok(['exec', made.id, '/bin/probe', 'status'])
  t.match(status, /^NoNewPrivs:\t1$/m, 'exec has the rights of then')
  t.match(await ok(['exec', made.id, '/bin/cat', '/out']), 'old\n')
  renameSync(made.dir, `${made.dir}.gone`)
  t.match(JSON.parse(await ok(['state', made.id])), { status: 'running', rootfs })
  await ok(['delete', '--force', made.id])
  t.throws(() => readFileSync(join(dir, 'ran')), { code: 'ENOENT' }, 'no hook that came later ran')
})
