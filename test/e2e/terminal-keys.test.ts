// Keys that are signals, when the program is process 1 and has left them alone; and screens that nobody reads.

import { spawn } from 'node:child_process'
import { boxTests } from '../helpers/box-test.ts'
import { eventually } from '../helpers/live-box.ts'
import { inTerminal, line } from '../helpers/pty.ts'
import { snapshot } from '../helpers/residue.ts'

const test = boxTests(import.meta.filename)

for (const [key, text, status] of [
  ['Ctrl-C', '\x03', 130],
  ['Ctrl-\\', '\x1c', 131],
] as const) {
  await test(`${key} ends a program that does not handle it, as on any terminal`, async ({ t, inProbe }) => {
    const live = inTerminal(
      `${line(['run', ...inProbe(), '/bin/probe', 'winch'])}; echo "STATUS $?"; stty -a | tail -n 1`,
    )
    await live.until(/ready/)
    live.type(text)
    const { stdout } = await live.ended
    t.match(stdout, `STATUS ${status}`)
  })
}

await test('a screen that nobody reads does not hold a box past its time limit', async ({ t, name }) => {
  const box = name()
  // Stopped, script(1) reads nothing: its terminal fills up, and whoever writes to it waits.
  const shell = line(['run', '--name', box, '--timeout', '1500ms', '--stop-timeout', '100ms', 'yes'])
  const child = spawn('script', ['-qefc', shell, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] })
  t.teardown(() => child.kill('SIGKILL'))
  child.stdout.once('data', () => child.kill('SIGSTOP'))
  t.ok(await eventually(() => snapshot(box).runDirs.length === 1), 'it runs')
  t.ok(
    await eventually(() => snapshot(box).runDirs.length === 0 && snapshot(box).cgroups.length === 0, 15_000),
    'it is gone although nobody reads',
  )
  child.kill('SIGCONT')
  child.kill('SIGKILL')
})
