// Family M against the OCI runtime: what is particular to a runtime in TypeScript.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attack, hostileEnvironment } from '../helpers/attack.ts'
import { outcomeOf } from '../helpers/command.ts'
import { jsonText } from '../oci/helpers/bundle.ts'
import { MOUNTS, PATH } from '../oci/helpers/config.ts'
import { type Oci, ociTests } from '../oci/helpers/oci-test.ts'
import { program, sceneOf, statusField } from './helpers/scene.ts'

const test = ociTests(import.meta.filename)

const CALLS =
  'trace=%file,%process,setuid,setresuid,setreuid,setgid,setresgid,setgroups,setns,unshare,mount,chroot,capset'
const PRIVILEGE =
  /\b(setuid|setresuid|setreuid|setgid|setresgid|setgroups|setns|unshare|mount|chroot|pivot_root|capset)\(|CLONE_NEW/

/** System calls of a verb: until Node became the shim, and after it. */
const traced = async ({ dir, tsbox }: Oci, words: readonly string[]) => {
  const file = join(dir, 'trace')
  const before = ['strace', '-f', '-qq', '-s', '300', '-o', file, '-e', CALLS]
  const { status, stderr } = await tsbox(words, { before })
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
  const lines = readFileSync(file, 'latin1').split('\n')
  const turn = lines.findIndex(line => /execve\("[^"]*tsbox-shim"/.test(line))
  return { node: lines.slice(0, turn), shim: lines.slice(turn) }
}

/** Calls that reach below a directory. */
const below = (lines: readonly string[], dir: string) =>
  lines.filter(line => line.includes(`${dir}/`) && !/execve\("/.test(line))

const hasStrace = async () => (await outcomeOf('strace', ['-V']).catch(() => undefined)) !== undefined

await test('M1, M2: Node touches nothing in a root or a volume, and changes no namespace or user', {}, async oci => {
  const { t, dir } = oci
  if (!(await hasStrace())) return t.comment('strace is not installed: not looked at')
  const { rootfs, bundle, start } = sceneOf(oci)
  const volume = join(dir, 'volume')
  mkdirSync(volume)
  const mount = { destination: '/v/new', type: 'bind', source: `${volume}`, options: ['rbind'] }
  const user = { uid: 1000, gid: 1000 }
  const made = bundle({
    process: { args: ['/bin/probe', 'true'], cwd: '/made/here', user },
    mounts: [...MOUNTS, mount],
  })
  const id = await start()
  for (const words of [
    ['run', '--bundle', made.dir, made.id],
    ['exec', '--user', '1000', '--cwd', '/bin', id, '/bin/probe', 'true'],
    ['delete', '--force', id],
  ]) {
    const [verb = ''] = words
    const { node, shim } = await traced(oci, words)
    t.ok(node.length > 20 && shim.length > 5, `${verb}: both were seen`)
    t.same([...below(node, rootfs), ...below(node, volume)], [], `${verb}: Node goes into neither`)
    t.same(
      node.filter(line => PRIVILEGE.test(line)),
      [],
      `${verb}: Node changes none`,
    )
    t.ok(
      node.some(line => /CLONE_THREAD/.test(line)),
      'Node has threads',
    )
    t.same(
      shim.filter(line => /CLONE_THREAD/.test(line)),
      [],
      `${verb}: the shim has none`,
    )
    if (verb === 'delete') continue
    t.ok(
      shim.some(line => PRIVILEGE.test(line)),
      'and does the rest',
    )
  }
  const careless = `require('node:fs').readdirSync(process.argv[1] + '/bin')`
  const file = join(dir, 'careless')
  await outcomeOf('strace', [
    '-f',
    '-qq',
    '-s',
    '300',
    '-o',
    file,
    '-e',
    CALLS,
    process.execPath,
    '-e',
    careless,
    rootfs,
  ])
  t.ok(
    below(readFileSync(file, 'latin1').split('\n'), rootfs).length > 0,
    'a program that does is caught at it',
  )
})

await test('M3: the caller’s environment reaches the Node that reads the words, and goes no further', {}, async oci => {
  const { t, dir, tsbox } = oci
  const { bundle, run } = sceneOf(oci)
  const { log, env } = hostileEnvironment(dir)
  // A hook that fails has Node tell of it, which is started by the shim and not by the caller.
  const poststop = [{ path: '/bin/false' }]
  const { id, dir: made } = bundle({ hooks: { poststop } })
  const outcomes = []
  for (const words of [
    ['create', '--bundle', made, id],
    ['start', id],
    ['kill', id, 'KILL'],
    ['delete', '--force', id],
  ])
    outcomes.push(await tsbox(words, { env }))
  t.same(
    outcomes.map(({ status }) => status),
    [0, 0, 0, 0],
    JSON.stringify(outcomes),
  )
  t.match(outcomes[3]?.stderr, /\/bin\/false/, 'somebody told of the hook')
  t.same(
    readFileSync(log, 'utf8')
      .split('\n')
      .filter(word => !['create', 'kill', ''].includes(word)),
    [],
    'start, delete and whoever tells of them load nothing of the caller’s',
  )
  t.match(
    readFileSync(log, 'utf8'),
    /^create\n/,
    'root’s own NODE_OPTIONS are trusted by the verbs that need Node',
  )
  const { stdout } = await run(program('/bin/probe', 'env'), { env })
  t.notMatch(stdout, /NODE_OPTIONS|LD_PRELOAD|TSBOX/, 'none of it is in the container')
})

/** What is refused, wherever it stands: the text of a member of `process`, and the words of the refusal. */
const TRAPS: readonly (readonly [string, RegExp])[] = [
  ['"__proto__": {"user": {"uid": 0, "gid": 0}}', /__proto__/],
  ['"capabilities": {"__proto__": {"bounding": []}}', /__proto__/],
  ['"constructor": {"prototype": {"terminal": true}}', /constructor|prototype/],
  ['"args": ["/bin/probe", "true"]', /"args" is there twice/],
  ['"\\u0061rgs": ["/bin/probe", "true"]', /"args" is there twice/],
  ['"user": {"uid": 4294967296, "gid": 0}', /user\.uid/],
  ['"user": {"uid": 18446744073709551616, "gid": 0}', /user\.uid/],
  ['"user": {"uid": -1, "gid": 0}', /user\.uid/],
  ['"user": {"uid": 0, "uid": 1, "gid": 0}', /"uid" is there twice/],
  ['"user": {"uid": 1e-9, "gid": 0}', /user\.uid/],
  ['"oomScoreAdj": 9007199254740993', /oomScoreAdj/],
  ['"rlimits": [{"type": "RLIMIT_CORE", "soft": 18446744073709551616, "hard": 0}]', /rlimits\[0\]\.soft/],
]

await test('M4: traps for readers of JSON are refused by create, exec and update, and start nothing', {}, async oci => {
  const { t, dir, tsbox, start, id: newId, bundle } = oci
  const { id } = await start()
  for (const [member, words] of TRAPS) {
    const name = newId()
    const { dir: made, rootfs } = bundle(name)
    const inner = `{"cwd": "/", "args": ["/bin/sh", "-c", "echo >/ran"], ${member}}`
    const text = readFileSync(join(made, 'config.json'), 'utf8')
    const whole = text.replace(/"process":\{.*?\},"root"/s, () => `"process":${inner},"root"`)
    t.ok(whole.includes(member))
    writeFileSync(join(made, 'config.json'), whole)
    const file = join(dir, 'process.json')
    writeFileSync(file, inner)
    for (const verb of [
      ['create', '--bundle', made, name],
      ['exec', '--process', file, id],
    ]) {
      const { status, stdout, stderr } = await tsbox(verb)
      t.same([status, stdout], [1, ''], `${verb[0]}: ${member}`)
      t.match(stderr, words)
    }
    t.throws(() => readFileSync(join(rootfs, 'ran')), { code: 'ENOENT' })
  }
  for (const [text, words] of [
    ['{"pids": {"limit": 9}, "pids": {"limit": 100}}', /"pids" is there twice/],
    ['{"__proto__": {"pids": {"limit": 9}}}', /__proto__/],
    ['{"memory": {"limit": 9223372036854775808}}', /memory\.limit/],
  ] as const) {
    const { status, stderr } = await tsbox(['update', '--resources', '-', id], { input: text })
    t.equal(status, 1, text)
    t.match(stderr, words)
  }
})

await test('M4: a number beyond 2^53 arrives to its last digit', {}, async oci => {
  const { t } = oci
  const { run } = sceneOf(oci)
  const most = 9007199254740993n
  t.equal(JSON.parse(jsonText({ most })).most, 9007199254740992, 'JSON.parse is one off')
  const rlimits = [{ type: 'RLIMIT_FSIZE', soft: most, hard: most }]
  const { stdout, stderr } = await run({ process: { args: ['/bin/cat', '/proc/self/limits'], rlimits } })
  t.match(stdout, /^Max file size +9007199254740993 +9007199254740993 /m, stderr)
})

await test('M4: keys with a meaning in JavaScript are a user’s own keys where those are', {}, async oci => {
  const { t, ok } = oci
  const { start } = sceneOf(oci)
  const annotations = { constructor: 'a', toString: 'b', hasOwnProperty: 'c' }
  const id = await start({ annotations })
  t.same(JSON.parse(await ok(['state', id])).annotations, annotations)
  const { stdout } = await oci.tsbox(['exec', '--env', '__proto__=x', id, '/bin/probe', 'env'])
  t.match(stdout, /^__proto__=x$/m)
})

await test('M7: what is not UTF-8 is refused, or arrives as it is', {}, async oci => {
  const { t, tsbox, ok } = oci
  const { bundle, start } = sceneOf(oci)
  const { id, dir } = bundle(program('/bin/probe', 'args', 'MARK'))
  const bytes = Buffer.from(
    readFileSync(join(dir, 'config.json'), 'latin1').replace('MARK', 'a\xffb'),
    'latin1',
  )
  writeFileSync(join(dir, 'config.json'), bytes)
  t.match(await tsbox(['create', '--bundle', dir, id]), {
    status: 1,
    stderr: /is not a bundle.*(utf-8|encoded)/i,
  })
  const running = await start()
  const before = ['bash', '-c', `exec "$@" $'a\\xffb'`, 'bash']
  const { status, stdout } = await tsbox(['exec', running, '/bin/probe', 'args'], { before })
  t.same([status, stdout], [1, ''], 'a word of exec')
  const file = join(oci.dir, 'process.json')
  const text = '{"cwd":"/","args":["/bin/probe","args","a\xffb"],"user":{"uid":0,"gid":0}}'
  writeFileSync(file, Buffer.from(text, 'latin1'))
  t.match(await tsbox(['exec', '--process', file, running]), { status: 1, stdout: '', stderr: /UTF-8/ })
  const good = await ok(['exec', running, '/bin/probe', 'args', 'é\ufffd😀'])
  t.match(good, '"\\xc3\\xa9\\xef\\xbf\\xbd\\xf0\\x9f\\x98\\x80"')
})

await test('M11: a caller that ignores its children and blocks every signal gets what others get', {}, async oci => {
  const { t, ok } = oci
  const { run, start } = sceneOf(oci)
  const before = [attack(), 'quiet']
  const look = ['/bin/probe', 'status']
  const id = await start({ process: { args: ['/bin/probe', 'signal'], env: [PATH] } }, { before })
  const made = await run({ process: { args: look } }, { before })
  for (const text of [made.stdout, await ok(['exec', id, ...look], { before })])
    for (const name of ['SigBlk', 'SigIgn', 'SigCgt', 'SigPnd'])
      t.match(statusField(text, name), /^0+$/, name)
  t.equal(
    (await run({ process: { args: ['/bin/probe', 'exit', '7'] } }, { before })).status,
    7,
    'its end is heard of',
  )
  t.notMatch(
    statusField(execFileSync(attack(), ['quiet', 'cat', '/proc/self/status']).toString(), 'SigBlk'),
    /^0+$/,
    'without a container they come along',
  )
})
