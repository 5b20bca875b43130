import t from 'tap'
import { parseConfig, parseJson, parseProcess, parseResources } from '../../packages/spec/src/index.ts'

// Family M, row M4: what a configuration can be made to say to a reader in JavaScript. Beside each attack stands what a careless
// reader, JSON.parse, makes of it.

const config = (members: string): string =>
  `{"ociVersion": "1.2.0", "root": {"path": "rootfs"}${members === '' ? '' : `, ${members}`}}`

const process = (members: string): string => config(`"process": {"cwd": "/", "args": ["sh"], ${members}}`)

const refused = (step: string) => ({ code: 'ERR_TSBOX_CONFIG' as const, step })

t.test('M4: a limit beyond 2^53 is the number that was written, not one near it', async t => {
  const text = '{"memory": {"limit": 9007199254740993}}'
  t.equal(JSON.parse(text).memory.limit, 9007199254740992, 'the careless reader is one off')
  t.equal(parseResources(text).memory?.limit, 9007199254740993n)
  const most = '{"memory": {"limit": 9223372036854775807}}'
  t.equal(JSON.parse(most).memory.limit, 2 ** 63, 'which is more than the kernel’s largest')
  t.equal(parseResources(most).memory?.limit, 9223372036854775807n)
  t.throws(() => parseResources('{"memory": {"limit": 9223372036854775808}}'), refused('memory.limit'))
})

t.test('M4: no number of a user comes out as root', async t => {
  t.equal(4294967296 >>> 0, 0, 'a careless reader of 32 bits takes 2^32 for root')
  for (const uid of [
    '4294967296',
    '4294967295',
    '-1',
    '-4294967296',
    '18446744073709551616',
    '1e-9',
    '"0"',
    '[0]',
    'true',
  ]) {
    const user = `"user": {"uid": ${uid}, "gid": 1000}`
    t.throws(() => parseConfig(process(user)), refused('process.user.uid'), uid)
    const gid = `"user": {"uid": 1000, "gid": ${uid}}`
    t.throws(() => parseConfig(process(gid)), refused('process.user.gid'), uid)
  }
  t.throws(
    () => parseConfig(process('"user": {"gid": 1000}')),
    refused('process.user.uid'),
    'nor one that is not there',
  )
  t.equal(parseConfig(process('"user": {"uid": 4294967294, "gid": 0}')).process?.user.uid, 4294967294)
})

t.test('M4: what is there twice is refused, so that nobody who looked first saw something else', async t => {
  const twice = '"capabilities": {"bounding": []}, "capabilities": {"bounding": ["CAP_SYS_ADMIN"]}'
  const seen = JSON.parse(process(twice)).process.capabilities.bounding
  t.strictSame(seen, ['CAP_SYS_ADMIN'], 'the careless reader takes the last')
  t.throws(() => parseConfig(process(twice)), {
    code: 'ERR_TSBOX_CONFIG',
    message: /"capabilities" is there twice/,
  })
  t.throws(
    () => parseProcess('{"cwd": "/", "args": ["a"], "arg\\u0073": ["b"]}'),
    { code: 'ERR_TSBOX_CONFIG', message: /"args" is there twice/ },
    'however it is written',
  )
})

t.test('M4: keys that mean something to JavaScript change nothing, here or anywhere else', async t => {
  const attacks = ['"__proto__": {"privileged": true}', '"constructor": {"prototype": {"privileged": true}}']
  const careless = Object.assign({}, ...attacks.map(attack => JSON.parse(`{${attack}}`)))
  t.equal(careless.privileged, true, 'the careless reader hands it on')
  for (const attack of attacks) {
    t.throws(() => parseConfig(config(attack)), { code: 'ERR_TSBOX_CONFIG' }, attack)
    t.throws(() => parseConfig(config(`"linux": {${attack}}`)), { code: 'ERR_TSBOX_CONFIG' }, attack)
    t.throws(() => parseConfig(process(attack)), { code: 'ERR_TSBOX_CONFIG' }, attack)
  }
  t.throws(() => parseConfig(config('"annotations": {"__proto__": "x"}')), { code: 'ERR_TSBOX_CONFIG' })
  const { annotations } = parseConfig(config('"annotations": {"constructor": "x", "toString": "y"}'))
  t.strictSame({ ...annotations }, { constructor: 'x', toString: 'y' }, 'a user’s own keys are only keys')
  t.equal(Object.getPrototypeOf(annotations), null)
  t.equal(Object.getPrototypeOf(parseJson('{}')), null)
  t.notOk('privileged' in {}, 'nothing is on every object')
  t.notOk('privileged' in Object, 'nor on the constructor')
})

t.test('M4: without the hostile part the same documents are read', async t => {
  t.ok(parseConfig(config('')))
  t.ok(parseConfig(process('"user": {"uid": 0, "gid": 0}, "capabilities": {"bounding": ["CAP_SYS_ADMIN"]}')))
})
