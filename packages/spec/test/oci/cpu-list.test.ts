import t from 'tap'
import { read, refuses, withProcess } from './documents.ts'

const given = (initial: unknown) => withProcess({ execCPUAffinity: { initial } })

t.test('lists of processors are numbers and ranges', async t => {
  for (const text of ['0', '0-3,7', ' 1 , 2-2 ', '8191'])
    t.strictSame(read(given(text)).process?.execCPUAffinity, { initial: text }, text)
  for (const text of ['', '  '])
    t.strictSame(read(given(text)).process?.execCPUAffinity, {}, 'an empty one is none')
})

t.test('a list that is none is refused', async t => {
  refuses(
    t,
    ['a', '1-', '-1', '3-1', '1,,2', '1,', '0-3:2', '1 2', '8192', '1-8192', '0x1', '1\n', 3].map(text => [
      'process.execCPUAffinity.initial',
      given(text),
    ]),
  )
  refuses(t, [['process.execCPUAffinity.final', withProcess({ execCPUAffinity: { final: 'x' } })]])
})
