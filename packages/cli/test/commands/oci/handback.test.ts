import { constants } from 'node:os'
import { join } from 'node:path'
import { planDelete } from '@tsbox/plan'
import { OPS, type Plan, type StatusRecord } from '@tsbox/protocol'
import t from 'tap'
import { tellVerb } from '../../../src/commands/oci/handback.ts'

const ns = 1000n

/** What the shim tells of a `delete` that could not open the state directory. */
const notOpened = (plan: Plan): readonly StatusRecord[] => [
  {
    kind: 'failed',
    code: OPS.open.code,
    index: plan.outer.findIndex(({ op }) => op === 'open'),
    errno: constants.errno.ENOENT,
    ns,
  },
  { kind: 'tornDown', ns },
]

const removal = (stateDir: string): Plan =>
  planDelete({
    id: 'web',
    bundle: '/bundle',
    config: { ociVersion: '1.2.0', root: { path: '/' }, linux: {} },
    stateDir,
    group: undefined,
    handback: { argv: ['/bin/true'], env: [] },
    direct: true,
    forced: true,
  })

t.test('delete of what somebody else has deleted meanwhile: --force has what it wanted', async t => {
  const plan = removal(join(t.testdir(), 'web'))
  const records = notOpened(plan)
  t.equal(tellVerb({ plan, records, words: ['delete', '--force', 'web'] }), 0)
  t.equal(tellVerb({ plan, records, words: ['--root', '/x', 'delete', '-f', 'web'] }), 0)
  t.equal(tellVerb({ plan, records, words: ['delete', 'web'] }), 1, 'without it there is nothing to delete')
})

t.test('delete of what is there and cannot be deleted has failed, with --force too', async t => {
  const plan = removal(join(t.testdir({ web: {} }), 'web'))
  t.equal(tellVerb({ plan, records: notOpened(plan), words: ['delete', '--force', 'web'] }), 1)
})
