import { readFileSync } from 'node:fs'
import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { CAPABILITIES, capabilityMask, DEFAULT_CAPABILITIES, parseCapability } from '../src/index.ts'

t.test('a capability is known by its name, in any case, with or without CAP_', async t => {
  for (const name of CAPABILITIES) {
    for (const text of [name, `CAP_${name}`, name.toLowerCase(), `cap_${name.toLowerCase()}`]) {
      t.equal(parseCapability(text), name)
    }
  }
})

t.test('anything else is no capability', async t => {
  for (const text of ['', 'CAP_', 'NET', 'CAP_CAP_KILL', 'NET_ADMIN ', 'ALL', '12', '__proto__', 'length']) {
    t.throws(() => parseCapability(text), { code: 'ERR_TSBOX_SPEC', step: 'capabilities' }, text)
  }
  holds(
    t,
    fc.property(fc.string(), text => {
      try {
        return CAPABILITIES.includes(parseCapability(text))
      } catch (error) {
        return isTsboxError(error, 'ERR_TSBOX_SPEC')
      }
    }),
  )
})

t.test('the numbers are those of the kernel, and none of this kernel is unknown', async t => {
  t.equal(CAPABILITIES.indexOf('SYS_ADMIN'), 21)
  t.equal(CAPABILITIES.indexOf('CHECKPOINT_RESTORE'), 40)
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'))
  t.ok(last <= CAPABILITIES.length - 1, `the last one of this kernel is ${last}`)
})

t.test('a set of capabilities has one bit for each', async t => {
  t.equal(capabilityMask([]), 0n)
  t.equal(capabilityMask(['CHOWN', 'KILL', 'KILL']), 0x21n)
  t.equal(capabilityMask(CAPABILITIES), 2n ** 41n - 1n)
})

t.test('the default set gives no power over the host, its devices, its network or its kernel', async t => {
  const never = ['SYS_ADMIN', 'SYS_PTRACE', 'SYS_MODULE', 'SYS_RAWIO', 'MKNOD', 'NET_RAW', 'NET_ADMIN', 'BPF']
  const alsoNever = ['DAC_READ_SEARCH', 'SYS_CHROOT', 'SETPCAP', 'SETFCAP', 'SYS_TIME', 'SYSLOG', 'PERFMON']
  t.strictSame(
    DEFAULT_CAPABILITIES.filter(name => [...never, ...alsoNever].includes(name)),
    [],
  )
})
