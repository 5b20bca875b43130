import t from 'tap'
import { NOTHING, snapshot } from '../../../../test/helpers/residue.ts'
import { doctorCommand } from '../../src/commands/doctor.ts'

t.test('doctor says in text and JSON the same of this host, and that boxes can run here', async t => {
  const before = snapshot('tsbox-doctor')
  const { text, status } = await doctorCommand(['--json'])
  const checks = JSON.parse(text) as { name: string; state: string; detail: string; fix?: string }[]
  t.equal(status, 0, text)
  for (const { name, state, detail, fix } of checks) {
    t.ok(['ok', 'limited', 'missing'].includes(state), name)
    t.not(detail, '')
    if (state !== 'ok') t.match(fix, /\S/, `${name}: what to do`)
  }
  const plain = await doctorCommand([])
  for (const { name } of checks) t.ok(plain.text.includes(name), name)
  t.match(plain.text, /Boxes can run here\.\n$/)
  t.strictSame(before, NOTHING)
})

t.test('doctor tells the cgroup mode that this host has', async t => {
  const { detectHost } = await import('@tsbox/cgroups')
  const { text } = await doctorCommand([])
  t.match(text, new RegExp(`cgroups +${detectHost().mode}`))
})

t.test('doctor has help, and refuses what it does not know', async t => {
  t.match(await doctorCommand(['--help']), { status: 0, text: /^Usage: tsbox doctor[\s\S]*Example:/ })
  await t.rejects(doctorCommand(['--fly']), { code: 'ERR_TSBOX_USAGE', step: '--fly' })
  await t.rejects(doctorCommand(['now']), { code: 'ERR_TSBOX_USAGE', step: 'doctor' })
})
