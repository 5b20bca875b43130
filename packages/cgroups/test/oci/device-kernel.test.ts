import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  type DeviceRule,
  detectHost,
  deviceProgram,
  deviceRules,
  deviceWritesV1,
  type GroupDir,
} from '../../src/index.ts'
import { groupFor } from '../scratch.ts'
import { anyRule, MAJORS, MINORS, meant } from './device-model.ts'
import { attach, tryNodes } from './device-probe.ts'

const host = detectHost()
const noV1 = host.v1.devices === undefined && 'this host has no devices controller on v1'
const noV2 = host.unified === undefined && 'this host has no v2 tree'

/** Numbers for local use, which have no driver (kernel Documentation/admin-guide/devices.txt). */
const NODES = ['b', 'c'].flatMap(type =>
  [...MAJORS, 62].flatMap(major => [...MINORS, 9].map(minor => `${type}:${major}:${minor}`)),
)

const LISTS = fc.sample(fc.array(anyRule, { minLength: 1, maxLength: 6 }), 20)

const wrong = (rules: readonly DeviceRule[], dir: GroupDir, nodes = NODES): readonly string[] =>
  tryNodes(dir.path, nodes)
    .filter(([request, granted]) => granted !== meant(rules, request))
    .map(([request, granted]) => `${JSON.stringify(request)} granted: ${granted}`)

const dirOf = async (test: Test, version: 1 | 2): Promise<GroupDir> => {
  const group = await groupFor(test, { controllers: ['devices'] })
  return group.dirs.find(dir => dir.version === version)!
}

const writeAll = (dir: GroupDir, rules: readonly DeviceRule[], current?: string): void => {
  for (const { file, value } of deviceWritesV1(rules, current === undefined ? {} : { current })) {
    writeFileSync(`${dir.path}/${file}`, value)
  }
}

const canBeTold = (rules: readonly DeviceRule[]): boolean => {
  try {
    return deviceWritesV1(rules).length > 0
  } catch {
    return false
  }
}

const ORDINARY = ['c:1:3', 'c:1:5', 'c:1:9', 'c:1:11', 'c:10:229', 'b:7:99', 'c:60:0', 'b:60:0']

t.test('an ordinary container gets its devices and no others, by program', { skip: noV2 }, async t => {
  const dir = await dirOf(t, 2)
  t.equal(attach(deviceProgram(deviceRules()), dir.path), 'load: ok\nattach: ok\n')
  t.same(wrong(deviceRules(), dir, ORDINARY), [])
})

t.test('an ordinary container gets its devices and no others, on v1', { skip: noV1 }, async t => {
  const dir = await dirOf(t, 1)
  writeAll(dir, deviceRules())
  t.same(wrong(deviceRules(), dir, ORDINARY), [])
})

t.test('the kernel takes any program, and does with it what the rules say', { skip: noV2 }, async t => {
  for (const rules of LISTS) {
    const dir = await dirOf(t, 2)
    t.equal(attach(deviceProgram(rules), dir.path), 'load: ok\nattach: ok\n')
    t.same(wrong(rules, dir), [], JSON.stringify(rules))
  }
})

t.test('so it does with the writes for v1', { skip: noV1 }, async t => {
  let told = 0
  for (const rules of LISTS.filter(canBeTold)) {
    told++
    const dir = await dirOf(t, 1)
    writeAll(dir, rules)
    t.same(wrong(rules, dir), [], JSON.stringify(rules))
  }
  t.ok(told > 0, `${told} lists can be told`)
})

t.test('devices.list of a live group leads to the next list of rules', { skip: noV1 }, async t => {
  const dir = await dirOf(t, 1)
  for (const rules of LISTS.filter(canBeTold)) {
    writeAll(dir, rules, readFileSync(`${dir.path}/devices.list`, 'utf8'))
    t.same(wrong(rules, dir), [], JSON.stringify(rules))
  }
})

t.test('a long list passes the verifier', { skip: noV2 }, async t => {
  const dir = await dirOf(t, 2)
  const rules = Array.from(
    { length: 2000 },
    (_, index): DeviceRule => ({
      allow: true,
      type: index % 2 === 0 ? 'c' : 'b',
      major: index % 400,
      minor: index % 3 === 0 ? '*' : index,
      access: (index % 7) + 1,
    }),
  )
  t.equal(attach(deviceProgram(rules), dir.path), 'load: ok\nattach: ok\n')
})
