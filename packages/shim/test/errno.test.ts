import { constants } from 'node:os'
import t from 'tap'
import { errnoMessage, errnoName } from '../src/index.ts'

t.test('an error number has the name that errno(3) gives it', async t => {
  const wrong = Object.entries(constants.errno).filter(
    ([name, number]) =>
      errnoName(number) !== name && constants.errno[errnoName(number) as 'EPERM'] !== number,
  )
  t.same(
    wrong.map(([name, number]) => `${number} is ${name}, told as ${errnoName(number)}`),
    [],
  )
  t.equal(errnoName(8), 'ENOEXEC')
  t.equal(errnoName(74), 'EBADMSG')
})

t.test('an error number has words', async t => {
  t.match(errnoMessage(2), /no such file/)
  t.match(errnoMessage(8), /exec format/)
  for (const number of Object.values(constants.errno)) t.notMatch(errnoMessage(number), /Unknown/)
})

t.test('a number nobody knows is told as a number', async t => {
  t.equal(errnoName(9999), 'errno 9999')
  t.equal(errnoMessage(9999), 'errno 9999')
})
