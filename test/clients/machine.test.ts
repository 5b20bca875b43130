// The machines of these tests keep their promises: nothing of them is left, however they end.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { isAlive, startProgram } from '../helpers/live-box.ts'
import { HIERARCHIES, hierarchiesOf, listGroups } from './helpers/cgroup-trees.ts'
import { decodeFields, encodeFields } from './helpers/grpc.ts'
import { startMachine, withMachine } from './helpers/machine.ts'
import { eventuallyAsync } from './helpers/patience.ts'

t.setTimeout(120_000)

await t.test('what is written, mounted or configured in a machine stays in it', async t => {
  const before = [
    readFileSync('/proc/self/mountinfo', 'utf8'),
    readdirSync('/etc').join(),
    readdirSync('/run').join(),
  ]
  await withMachine(async machine => {
    const made = await machine.sh(`set -e
      echo x >/etc/of-the-machine; mkdir /run/of-the-machine; mount -t tmpfs x /mnt; ip link add br0 type bridge
      iptables -A INPUT -j ACCEPT; rm /dev/null; hostname`)
    t.match(made, { status: 0, stdout: `${machine.name}\n` })
    t.match((await machine.sh('cat /etc/of-the-machine')).stdout, 'x\n')
    t.ok(listGroups(machine.name).length >= HIERARCHIES.length, 'it has groups')
  })
  t.same(
    [readFileSync('/proc/self/mountinfo', 'utf8'), readdirSync('/etc').join(), readdirSync('/run').join()],
    before,
  )
  t.ok(existsSync('/dev/null'))
  t.notOk(existsSync('/sys/class/net/br0'))
})

await t.test(
  'it ends although its processes are frozen, hide from their terminal, or ignore every signal',
  async t => {
    const machine = await startMachine()
    await machine.sh('(trap "" HUP TERM INT; setsid sleep 1000 & sleep 1000 &) >/dev/null 2>&1')
    const frozen = `set -e; cd /sys/fs/cgroup/freezer 2>/dev/null || cd /sys/fs/cgroup; mkdir -p of/it
    sleep 1000 & echo $! >of/it/cgroup.procs; echo FROZEN >of/it/freezer.state 2>/dev/null || echo 1 >of/it/cgroup.freeze`
    t.match(await machine.sh(`(${frozen}) >/dev/null 2>&1`), { status: 0 })
    const { pid } = machine
    t.same(await machine.stop(), [], 'every group is removed')
    t.notOk(isAlive(pid))
  },
)

await t.test('kill -9 of its owner ends it, and the next machine removes what it left', async t => {
  const script = `import { startMachine } from ${JSON.stringify(join(import.meta.dirname, 'helpers', 'machine.ts'))}
    const machine = await startMachine()
    machine.start(['sleep', '1000'])
    console.log('machine', machine.name, machine.pid)`
  const node = ['--conditions=@tsbox/source', '--input-type=module-typescript', '--eval', script]
  const owner = startProgram(process.execPath, node, { env: { ...process.env, NODE_OPTIONS: '' } })
  const [, name = '', pid = ''] = await owner.until(/machine (\S+) (\d+)/)
  process.kill(owner.pid, 'SIGKILL')
  await owner.ended
  t.ok(await eventuallyAsync(async () => !isAlive(Number(pid))), 'its processes have ended')
  t.ok(listGroups(name).length > 0, 'its groups are left')
  await withMachine(async () => t.same(listGroups(name), [], 'and gone when another one starts'))
})

t.test('cgroup trees are found as they can be mounted again', async t => {
  const line = (mount: string, rest: string) => `31 30 0:28 / ${mount} rw,relatime - ${rest}`
  const text = [
    line('/sys/fs/cgroup', 'tmpfs tmpfs rw,mode=755'),
    line('/sys/fs/cgroup/cpu,cpuacct', 'cgroup cgroup rw,cpu,cpuacct'),
    line('/sys/fs/cgroup/systemd', 'cgroup cgroup rw,name=systemd'),
    line('/sys/fs/cgroup/unified', 'cgroup2 cgroup2 rw,nsdelegate'),
    line('/elsewhere', 'cgroup cgroup rw,cpu,cpuacct'),
  ]
  t.same(hierarchiesOf(text.join('\n')), [
    { mount: '/sys/fs/cgroup/cpu,cpuacct', type: 'cgroup', options: 'cpu,cpuacct' },
    { mount: '/sys/fs/cgroup/systemd', type: 'cgroup', options: 'none,name=systemd' },
    { mount: '/sys/fs/cgroup/unified', type: 'cgroup2', options: '' },
  ])
})

t.test('messages to containerd are read as they were written', async t => {
  const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.maxSafeNat())
  const fields = fc.dictionary(fc.integer({ min: 1, max: 500 }).map(String), value)
  fc.assert(
    fc.property(fields, written => {
      const read = Object.fromEntries(decodeFields(encodeFields(written)))
      t.same(read, written)
    }),
    { numRuns: 50 },
  )
  const inner = decodeFields(encodeFields({ 2: { 1: 'x', 3: 300 } })).get(2)
  t.same([...decodeFields(Buffer.from(String(inner)))].slice(0, 1), [[1, 'x']])
})
