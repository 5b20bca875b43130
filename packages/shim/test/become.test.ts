import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { encode, PROTOCOL } from '@tsbox/protocol'
import t from 'tap'
import { planEnvironment } from '../src/index.ts'
import { isStartable, runDir, SHIMS, smallPlan } from './shims.ts'

const name = `become-${process.pid}`

t.test('every plan fits an environment, each part in what execve takes', async t => {
  for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
    const env = planEnvironment(Buffer.alloc(PROTOCOL.headerBytes + PROTOCOL.maxBodyBytes, byte))
    t.ok(Object.keys(env).every(key => /^TSBOX_PLAN_[A-Z]$/.test(key)))
    // execve(2): MAX_ARG_STRLEN is 32 pages, with the name and the final NUL.
    t.ok(Object.entries(env).every(([key, value]) => Buffer.byteLength(`${key}=${value}`) < 128 * 1024))
    t.notOk(Object.values(env).some(value => value.includes('\0')))
  }
})

for (const [build, shim] of Object.entries(SHIMS)) {
  if (!isStartable(shim)) continue
  const run = (plan: Buffer) =>
    spawnSync(shim, [], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...planEnvironment(plan), OTHER: 'x' } })

  t.test(`${build}: a plan in the environment runs, and the program does not see it`, async t => {
    const { status, stdout, stderr } = run(
      encode(smallPlan(name, 'echo "[$(env | sort)]"; exit 9', { flags: 0 })),
    )
    t.equal(stderr.toString(), '')
    t.equal(status, 9)
    t.notMatch(stdout.toString(), /TSBOX|OTHER/)
    t.match(stdout.toString(), /^\[PATH=/m)
    t.notOk(existsSync(runDir(name)))
  })

  t.test(`${build}: a plan of many parts and of every byte arrives as it was sent`, async t => {
    const every = Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1)).toString('latin1')
    const plan = smallPlan(name, 'printf %s "$EVERY" | cksum; printf %s "$LONG" | wc -c', { flags: 0 })
    const exec = plan.inner[0]
    if (exec?.op !== 'exec') throw new Error('the plan has no program')
    const long = Array.from({ length: 5 }, (_, i) => `L${i}=${'é'.repeat(60_000)}`)
    const env = [...exec.env, Buffer.from(`EVERY=${every}`, 'latin1'), 'LONG=1234', ...long]
    const { status, stdout } = run(encode({ ...plan, inner: [{ ...exec, env }] }))
    const sum = spawnSync('cksum', { input: Buffer.from(every, 'latin1') }).stdout.toString()
    t.equal(status, 0)
    t.equal(stdout.toString(), `${sum}4\n`)
  })

  t.test(`${build}: a plan in the environment that is none is refused with our status`, async t => {
    t.equal(run(Buffer.alloc(100, 'x')).status, 125)
    t.equal(run(Buffer.from('x')).status, 125)
  })
}
