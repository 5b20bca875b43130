import t from 'tap'
import { seccompFlags, seccompNotifies } from '../../src/index.ts'

const ASKS = { syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }] }
const of = (flags: readonly string[], more = {}) =>
  seccompFlags({ defaultAction: 'SCMP_ACT_ALLOW', flags, ...more })

t.test('flags become the bits of seccomp(2)', async t => {
  t.equal(of([]), 0)
  t.equal(of(['SECCOMP_FILTER_FLAG_LOG']), 2)
  t.equal(of(['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']), 6)
  t.equal(of(['SECCOMP_FILTER_FLAG_TSYNC']), 0, 'there is one thread')
})

t.test('calls that an agent is asked about need a listener, and waiting for it may be killable', async t => {
  t.equal(of([], ASKS), 8)
  t.equal(of(['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'], ASKS), 40)
  t.equal(of(['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']), 0, 'nobody is asked')
  t.equal(seccompNotifies({ defaultAction: 'SCMP_ACT_ALLOW', ...ASKS }), true)
  t.equal(seccompNotifies({ defaultAction: 'SCMP_ACT_ALLOW' }), false)
})

t.test('a flag that does not exist is an error that names it', async t => {
  t.throws(() => of(['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_NEW_LISTENER']), {
    code: 'ERR_TSBOX_SPEC',
    step: 'linux.seccomp.flags[1]',
  })
  t.throws(() => of(['toString']), { code: 'ERR_TSBOX_SPEC' })
})
