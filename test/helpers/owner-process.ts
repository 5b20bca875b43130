// A program that owns boxes, for tests that kill it: `owner-process.ts NAME PLACE…`. Each box is started and stopped
// at its place; then "ready" and the supervisors' numbers are printed, and everything waits.
import { planOf, pointsOf, startPaused } from './step.ts'

const [name = '', ...places] = process.argv.slice(2)

const supervisors = await Promise.all(
  places.map(async place => {
    const { plan } = planOf({ name: `${name}-${place.padStart(4, '0')}`, args: ['sleep', '60'] })
    const point = pointsOf(plan)[Number(place)]
    if (point === undefined) throw new Error(`there is no operation ${place}`)
    return (await startPaused(plan, point)).supervisor
  }),
)
console.log(`ready ${supervisors.join(' ')}`)
setInterval(() => {}, 1000)
