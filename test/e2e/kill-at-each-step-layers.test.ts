import t from 'tap'
import { testKills } from '../helpers/kill-at.ts'

// Some hundreds of boxes, one or two at a time.
t.setTimeout(process.env.TSBOX_TEST_VM === '1' ? 600_000 : 110_000)
testKills(t, 'layers')
