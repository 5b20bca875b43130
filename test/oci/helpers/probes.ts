import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Live, startProgram } from '../../helpers/live-box.ts'

const built = (name: string): string => {
  const path = join(import.meta.dirname, '..', '..', '..', 'build', 'test', name)
  if (existsSync(path)) return path
  throw new Error(`build/test/${name} is missing: run \`make build-tests\``)
}

/** The terminal of a container, at the other end of a console socket. */
export interface Console {
  /** For `--console-socket`. */
  readonly socket: string
  readonly live: Live
}

/** Waits at a socket for a terminal, and shows what is written to it. */
export const listenForConsole = async (socket: string): Promise<Console> => {
  const live = startProgram(built('console_probe'), [socket])
  await live.until(/^ready$/m)
  return { socket, live }
}

/** An agent that answers questions about one system call with an errno. */
export const startAgent = async (socket: string, call: number, errno: number): Promise<Live> => {
  const live = startProgram(built('agent_probe'), [socket, `${call}`, `${errno}`])
  await live.until(/^ready$/m)
  return live
}
