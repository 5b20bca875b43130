import fc from 'fast-check'
import t from 'tap'
import { type DeviceRule, type DeviceWrite, deviceRules, deviceWritesV1 } from '../../src/index.ts'
import { ACCESS } from '../../src/oci/device-rules.ts'
import { anyRule, meant, REQUESTS, type Request } from './device-model.ts'

interface Kernel {
  readonly allowed: boolean
  readonly exceptions: Map<string, number>
}

const bitsOf = (letters: string): number =>
  [...letters].reduce((sum, letter) => sum | ACCESS[letter as keyof typeof ACCESS], 0)

/** What the kernel makes of writes (Documentation/admin-guide/cgroup-v1/devices.rst). */
const after = (writes: readonly DeviceWrite[], start: Kernel = { allowed: true, exceptions: new Map() }) => {
  let state: Kernel = { allowed: start.allowed, exceptions: new Map(start.exceptions) }
  for (const { file, value } of writes) {
    const allow = file === 'devices.allow'
    const [type, numbers, letters = ''] = value.split(' ')
    const key = `${type} ${numbers}`
    if (type === 'a') state = { allowed: allow, exceptions: new Map() }
    else if (allow === state.allowed) {
      const left = (state.exceptions.get(key) ?? 0) & ~bitsOf(letters)
      if (left === 0) state.exceptions.delete(key)
      else state.exceptions.set(key, left)
    } else state.exceptions.set(key, (state.exceptions.get(key) ?? 0) | bitsOf(letters))
  }
  return state
}

/** An exception from "nothing" has to hold all that is wanted; one from "everything" need only touch it. */
const grants = ({ allowed, exceptions }: Kernel, { type, major, minor, access }: Request): boolean => {
  const matching = [...exceptions].filter(([key]) =>
    [`${major}:${minor}`, `${major}:*`, `*:${minor}`, '*:*'].some(at => key === `${type} ${at}`),
  )
  return allowed
    ? !matching.some(([, bits]) => (bits & access) !== 0)
    : matching.some(([, bits]) => (bits & access) === access)
}

const written = (rules: readonly DeviceRule[], current?: string): readonly string[] =>
  deviceWritesV1(rules, current === undefined ? {} : { current }).map(
    ({ file, value }) => `${file.slice('devices.'.length)} ${value}`,
  )

const tryWrites = (rules: readonly DeviceRule[], current?: string) => {
  try {
    return deviceWritesV1(rules, current === undefined ? {} : { current })
  } catch {
    return undefined
  }
}

t.test('an ordinary container: everything is denied, then each device is allowed once', async t => {
  t.same(written(deviceRules([{ allow: false, access: 'rwm' }])), [
    'deny a *:* rwm',
    'allow b *:* m',
    'allow c 1:3 rwm',
    'allow c 1:5 rwm',
    'allow c 1:7 rwm',
    'allow c 1:8 rwm',
    'allow c 1:9 rwm',
    'allow c 5:0 rwm',
    'allow c 5:2 rwm',
    'allow c 136:* rwm',
    'allow c *:* m',
  ])
})

t.test('a privileged container is allowed everything in one write', async t => {
  t.same(written(deviceRules([{ allow: true, access: 'rwm' }])), ['allow a *:* rwm'])
})

t.test('everything but some devices is told as exceptions from everything', async t => {
  const rules = deviceRules([
    { allow: true, access: 'rwm' },
    { allow: false, type: 'b', major: 8, access: 'w' },
    { allow: false, type: 'c', major: 10, minor: 200, access: 'rwm' },
  ])
  // Making nodes is what every container may do.
  t.same(written(rules), ['allow a *:* rwm', 'deny b 8:* w', 'deny c 10:200 rw'])
})

t.test('a device taken out of a wildcard that stays cannot be told, and says so', async t => {
  const rules = deviceRules([
    { allow: true, type: 'c', major: 10, access: 'rw' },
    { allow: false, type: 'c', major: 10, minor: 229, access: 'rw' },
  ])
  t.throws(() => deviceWritesV1(rules), {
    code: 'ERR_TSBOX_CONTROLLER',
    step: 'linux.resources.devices',
    message: /c 10:229 out of c 10:\*/,
  })
})

t.test('whatever the rules say, the kernel comes to the same, or the rules are refused', async t => {
  let told = 0
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 6 }), rules => {
      const writes = tryWrites(rules)
      if (writes === undefined) return
      told++
      const state = after(writes)
      for (const request of REQUESTS) {
        if (grants(state, request) !== meant(rules, request)) throw new Error(JSON.stringify(request))
      }
    }),
    { numRuns: 500 },
  )
  t.ok(told > 100, `${told} lists could be told`)
})

t.test('only what v1 has no words for is refused', async t => {
  // Exceptions from either start can say any list of one kind of rules after its first.
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 6 }), fc.boolean(), (rules, allow) => {
      const first: DeviceRule = { allow: !allow, type: 'a', major: '*', minor: '*', access: 7 }
      t.ok(tryWrites([first, ...rules.map(rule => ({ ...rule, allow }))]))
    }),
  )
})

t.test('a live group that denies by default gets only what changes, what it gains first', async t => {
  const rules = deviceRules([{ allow: true, type: 'c', major: 10, minor: 200, access: 'rwm' }])
  const list = written(deviceRules())
    .slice(1)
    .map(line => line.slice('allow '.length))
  t.same(written(rules, list.join('\n')), ['allow c 10:200 rwm'])
  t.same(written(deviceRules(), `${list.join('\n')}\nc 10:200 rwm\n`), ['deny c 10:200 rwm'])
  t.same(written(deviceRules(), `${list.join('\n')}\n`), [])
  t.same(written(rules, 'a *:* rwm\n')[0], 'deny a *:* rwm', 'what it denies cannot be seen')
})

t.test('changes to a live group lead to the same as a new one', async t => {
  const deny: DeviceRule = { allow: false, type: 'a', major: '*', minor: '*', access: 7 }
  const lists = fc.array(
    anyRule.map(rule => ({ ...rule, allow: true })),
    { maxLength: 5 },
  )
  fc.assert(
    fc.property(lists, lists, (one, other) => {
      const start = after(deviceWritesV1([deny, ...one]))
      const list = [...start.exceptions].map(
        ([key, bits]) => `${key} ${['r', 'w', 'm'].filter(letter => bits & bitsOf(letter)).join('')}\n`,
      )
      const rules = [deny, ...other]
      const current = start.allowed ? 'a *:* rwm\n' : list.join('')
      const state = after(deviceWritesV1(rules, { current }), start)
      t.ok(REQUESTS.every(request => grants(state, request) === meant(rules, request)))
    }),
  )
})
