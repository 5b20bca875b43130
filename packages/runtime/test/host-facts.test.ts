import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { detectHost } from '@tsbox/cgroups'
import { type BoxInput, parseBox } from '@tsbox/spec'
import t from 'tap'
import { hostFacts, kernelVersion, RUN_DIR } from '../src/index.ts'

const facts = (input: Partial<BoxInput> = {}) => hostFacts(parseBox({ args: ['true'], ...input }))

t.test('a kernel’s version is its first two numbers', async t => {
  t.strictSame(kernelVersion('6.18.44-cloud-amd64'), [6, 18])
  t.strictSame(kernelVersion('6.1.0-37-amd64'), [6, 1])
  t.strictSame(kernelVersion('10.0'), [10, 0])
  t.strictSame(kernelVersion('unknown'), [0, 0], 'one that says nothing gets the oldest way of doing things')
})

t.test('the facts are those of this host', async t => {
  const host = facts()
  t.strictSame(host.cgroups, detectHost())
  t.strictSame(host.kernel, kernelVersion(readFileSync('/proc/sys/kernel/osrelease', 'utf8')))
  t.equal(host.runDir, RUN_DIR)
  const kib = Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1])
  t.ok(host.memory > 0 && host.memory <= kib * 1024, 'never more memory than there is')
  t.equal(host.timeNamespace, true)
})

t.test(
  'the descriptor limit is that of the program that started this one, which Node has raised here',
  async t => {
    const of = (pid: number) =>
      /^Max open files\s+(\d+)\s+(\d+)/m
        .exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))
        ?.slice(1)
        .map(Number)
    const [soft = 0] = of(process.ppid) ?? []
    const [, hard = 0] = of(process.pid) ?? []
    t.strictSame(facts().nofile, { soft: Math.min(soft, hard), hard })
  },
)

t.test('what this process may do matters when a box wants all there is', async t => {
  t.equal(facts().capabilities, 0n)
  const permitted = /^CapPrm:\s+(\w+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]
  t.equal(facts({ privileged: true, capDrop: ['MKNOD'] }).capabilities, BigInt(`0x${permitted}`))
})

t.test('a volume is known for a directory or a file', async t => {
  const dir = t.testdir({ file: '' })
  const file = join(dir, 'file')
  const { directories } = facts({
    volumes: [
      { source: dir, target: '/d' },
      { source: file, target: '/f' },
      { source: '/no/such/thing', target: '/n' },
    ],
  })
  t.strictSame([...directories], [dir])
})
