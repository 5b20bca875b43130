import t from 'tap'
import { doctorText } from '../../src/report/doctor.ts'

t.test('a finding takes a line, what to do about it a second one, and the verdict comes last', async t => {
  t.equal(
    doctorText([
      { name: 'user', state: 'ok', detail: 'root' },
      { name: 'cgroup io', state: 'limited', detail: 'no such controller here', fix: 'Boot with it.' },
    ]),
    [
      'ok       user       root',
      'limited  cgroup io  no such controller here',
      '                    Boot with it.',
      '',
      'Boxes can run here.',
      '',
    ].join('\n'),
  )
})

t.test('what is missing is counted', async t => {
  t.match(
    doctorText([
      { name: 'a', state: 'missing', detail: 'x', fix: 'y' },
      { name: 'b', state: 'missing', detail: 'x', fix: 'y' },
    ]),
    /\nBoxes cannot run here: 2 missing\.\n$/,
  )
})
