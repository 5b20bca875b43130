import { execFileSync } from 'node:child_process'
import t from 'tap'
import { KERNEL, PROTOCOL, RLIM_INFINITY, slotPath } from '../src/index.ts'

/** What this machine's own headers and limits say, asked of programs that have nothing to do with tsbox. */
const limitsOf = () => execFileSync('sh', ['-c', 'cat /proc/self/limits'], { encoding: 'utf8' })

t.test('resource limits are numbered as the kernel lists them', async t => {
  // Linux prints them in this order (fs/proc/base.c): the number is the line.
  const titles = limitsOf()
    .split('\n')
    .slice(1, 17)
    .map(line => line.slice(0, 26).trim())
  const words: Readonly<Record<string, keyof typeof KERNEL>> = {
    'Max cpu time': 'RLIMIT_CPU',
    'Max file size': 'RLIMIT_FSIZE',
    'Max stack size': 'RLIMIT_STACK',
    'Max core file size': 'RLIMIT_CORE',
    'Max processes': 'RLIMIT_NPROC',
    'Max open files': 'RLIMIT_NOFILE',
    'Max locked memory': 'RLIMIT_MEMLOCK',
    'Max address space': 'RLIMIT_AS',
    'Max nice priority': 'RLIMIT_NICE',
    'Max realtime timeout': 'RLIMIT_RTTIME',
  }
  for (const [title, name] of Object.entries(words)) t.equal(titles.indexOf(title), KERNEL[name], title)
})

t.test('"no limit" is every bit set', async t => {
  t.equal(BigInt.asIntN(64, RLIM_INFINITY), -1n)
})

t.test('a slot has a path below /proc/self/fd', async t => {
  t.equal(slotPath(0), `/proc/self/fd/${PROTOCOL.slotBase}`)
  t.equal(slotPath(10), `/proc/self/fd/${PROTOCOL.slotBase + 10}`)
})
