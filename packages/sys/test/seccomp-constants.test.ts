import t from 'tap'
import { actionWord, conditionBytes } from '../src/seccomp-constants.ts'

t.test('an action is the word that linux/seccomp.h has for it', async t => {
  t.equal(actionWord({ kind: 'killProcess' }), 0x8000_0000)
  t.equal(actionWord({ kind: 'killThread' }), 0)
  t.equal(actionWord({ kind: 'trap' }), 0x0003_0000)
  t.equal(actionWord({ kind: 'errno', value: 38 }), 0x0005_0026)
  t.equal(actionWord({ kind: 'notify' }), 0x7fc0_0000)
  t.equal(actionWord({ kind: 'trace', value: 0xffff }), 0x7ff0_ffff)
  t.equal(actionWord({ kind: 'log' }), 0x7ffc_0000)
  t.equal(actionWord({ kind: 'allow' }), 0x7fff_0000)
})

t.test('conditions lie one after the other as struct scmp_arg_cmp', async t => {
  const bytes = conditionBytes([
    { index: 2, operator: 'maskedEq', value: 0xffff_ffffn, masked: 5n },
    { index: 0, operator: 'ne', value: 2n ** 64n - 1n },
  ])
  t.equal(bytes.length, 48)
  t.same([bytes.readUInt32LE(0), bytes.readUInt32LE(4)], [2, 7])
  t.same([bytes.readBigUInt64LE(8), bytes.readBigUInt64LE(16)], [0xffff_ffffn, 5n])
  t.same([bytes.readUInt32LE(24), bytes.readUInt32LE(28)], [0, 1])
  t.same([bytes.readBigUInt64LE(32), bytes.readBigUInt64LE(40)], [2n ** 64n - 1n, 0n])
})
