import t from 'tap'
import { errnoOf, fileError } from '../src/file-error.ts'
import { hintFor } from '../src/index.ts'

const system = (code: string): Error => Object.assign(new Error(code), { code })

t.test('what the kernel refused is told with value, file, hint and cause', async t => {
  const cause = system('EINVAL')
  const error = fileError(cause, { action: 'write', path: '/m/g/cpu.max', value: '1 2', step: 'cpu.quota' })
  t.match(error, { code: 'ERR_TSBOX_CGROUP', step: 'cpu.quota', hint: /"1 2"/, cause })
  t.equal(error.message, 'cannot write "1 2" to /m/g/cpu.max (EINVAL)')
})

t.test('the same errno means different things in different files', async t => {
  const hint = (errno: string, path: string, action: 'write' | 'remove' = 'write') =>
    hintFor(errno, { action, path })
  t.match(hint('EROFS', '/m/g/pids.max'), /read-only/)
  t.match(hint('EACCES', '/m/g/pids.max'), /root/)
  t.match(hint('ENODEV', '/m/g/io.max'), /block device/)
  t.match(hint('ENODEV', '/m/g/pids.max'), /gone/)
  t.match(hint('EBUSY', '/m/g', 'remove'), /kill/)
  t.match(hint('EBUSY', '/m/g/cgroup.procs'), /passes controllers down/)
  t.match(hint('EBUSY', '/m/g/cgroup.subtree_control'), /group with processes/)
  t.match(hint('EBUSY', '/m/g/memory.max'), /in use/)
  t.match(hint('ENOSPC', '/m/g/cgroup.procs'), /cpuset/)
  t.match(hint('ESRCH', '/m/g/cgroup.procs'), /ended/)
  t.equal(hint('EXDEV', '/m/g/pids.max'), undefined)
  t.equal(hintFor(undefined, { action: 'read', path: '/m' }), undefined)
})

t.test('only a system error has an errno', async t => {
  t.equal(errnoOf(system('ENOENT')), 'ENOENT')
  t.equal(errnoOf(new Error('x')), undefined)
  t.equal(errnoOf({ code: 'ENOENT' }), undefined)
})
