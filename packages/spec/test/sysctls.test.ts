import { isTsboxError } from '@tsbox/errors'
import fc from 'fast-check'
import t from 'tap'
import { holds } from '../../../test/helpers/property.ts'
import { sysctlFile } from '../src/index.ts'

t.test('parameters of the namespaces of a box can be set', async t => {
  for (const [key, file] of [
    ['kernel.msgmax', 'kernel/msgmax'],
    ['kernel/shmmax', 'kernel/shmmax'],
    ['kernel.sem', 'kernel/sem'],
    ['kernel.domainname', 'kernel/domainname'],
    ['fs.mqueue.queues_max', 'fs/mqueue/queues_max'],
    ['net.ipv4.ip_forward', 'net/ipv4/ip_forward'],
    ['net/ipv4/ip_forward', 'net/ipv4/ip_forward'],
    ['net.ipv4.conf.eth0/100.rp_filter', 'net/ipv4/conf/eth0.100/rp_filter'],
    ['net/ipv4/conf/eth0.100/rp_filter', 'net/ipv4/conf/eth0.100/rp_filter'],
  ] as const) {
    t.equal(sysctlFile(key, '1', true), file, key)
  }
})

t.test('parameters of the host are refused (C4)', async t => {
  for (const key of [
    'kernel.core_pattern',
    'kernel/core_pattern',
    'kernel.modprobe',
    'kernel.hostname',
    'kernel.msgmaxx',
    'vm.overcommit_memory',
    'fs.suid_dumpable',
    'fs.mqueue',
    'user.max_user_namespaces',
    'dev.tty.legacy_tiocsti',
    'net',
    'net.',
    'network.x',
    '',
    '__proto__',
  ]) {
    t.throws(() => sysctlFile(key, '1', true), { code: 'ERR_TSBOX_SPEC', step: 'sysctl' }, key)
  }
})

t.test('with the network of the host, its parameters are the host’s', async t => {
  t.throws(() => sysctlFile('net.ipv4.ip_forward', '1', false), { code: 'ERR_TSBOX_SPEC', step: 'sysctl' })
  t.equal(sysctlFile('kernel.msgmax', '1', false), 'kernel/msgmax', 'its own IPC it still has')
})

t.test('nothing can be smuggled in with a key or a value (C5)', async t => {
  const keys = [
    'net.ipv4.ip_forward+kernel.core_pattern',
    'net.ipv4.ip_forward=1\nkernel.core_pattern',
    'net.ipv4.ip_forward\n',
    'net.ipv4.ip_forward\0',
    'net.ipv4/../../kernel/core_pattern',
    'net/../kernel/core_pattern',
    'net..kernel.core_pattern',
    'net.ipv4.//kernel',
    'net.%2e%2e.kernel',
    'net.a b',
    'kernel.msgmax/../core_pattern',
  ]
  for (const key of keys) {
    t.throws(
      () => sysctlFile(key, '1', true),
      { code: 'ERR_TSBOX_SPEC', step: 'sysctl' },
      JSON.stringify(key),
    )
  }
  for (const value of ['1\n2', '1\0', '1\r', '\u001b]0;x', '1\u007f', 'x'.repeat(4001)]) {
    t.throws(
      () => sysctlFile('kernel.msgmax', value, true),
      { code: 'ERR_TSBOX_SPEC' },
      JSON.stringify(value).slice(0, 20),
    )
  }
  t.equal(sysctlFile('kernel.sem', '250\t32000\t32\t128', true), 'kernel/sem', 'a tab separates values')
})

t.test('a file that comes out lies below the allowed directories, with no step up', async t => {
  const unit = fc.constantFrom(
    'net',
    'kernel',
    'msgmax',
    'fs',
    'mqueue',
    '.',
    '/',
    '..',
    '\n',
    'a',
    '+',
    '=',
    '-',
  )
  holds(
    t,
    fc.property(fc.array(unit, { maxLength: 10 }), fc.boolean(), (parts, ownNetwork) => {
      try {
        const file = sysctlFile(parts.join(''), '1', ownNetwork)
        const plain = file.split('/').every(part => /^[\w-][\w.-]*$/.test(part))
        const allowed = /^(kernel\/(msgmax|msgmnb|msgmni|sem|shm\w+|domainname)|fs\/mqueue\/\w+)$/.test(file)
        return plain && (allowed || (ownNetwork && file.startsWith('net/')))
      } catch (error) {
        return isTsboxError(error, 'ERR_TSBOX_SPEC')
      }
    }),
    { numRuns: 3000 },
  )
})

t.test('a long key that almost fits is refused at once', async t => {
  // Matching it step by step must not double the work with every component.
  t.throws(() => sysctlFile(`net${'.a'.repeat(2000)}!`, '1', true), { code: 'ERR_TSBOX_SPEC' })
})
