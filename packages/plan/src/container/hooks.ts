import type { Op } from '@tsbox/protocol'
import type { OciHook, OciHooks } from '@tsbox/spec'
import { execOps, type Program } from './identity.ts'
import { type StateOf, stateText } from './state-text.ts'

/** What a container's status is called while hooks of a kind run. */
const STATUS: Readonly<Record<keyof OciHooks, string>> = {
  prestart: 'creating',
  createRuntime: 'creating',
  createContainer: 'creating',
  startContainer: 'created',
  poststart: 'running',
  poststop: 'stopped',
}

/** A failure of these is told and changes nothing (runtime-spec, runtime.md, "Lifecycle"). */
const OPTIONAL: ReadonlySet<keyof OciHooks> = new Set(['poststart', 'poststop'])

/** The hooks of a kind, in order, each with the state on its standard input and no environment but its own. */
export const hookOps = (kind: keyof OciHooks, of: StateOf): readonly Op[] =>
  (of.config.hooks?.[kind] ?? []).map(hook => hookOp(hook, kind, of))

const hookOp = ({ path, args, env, timeout }: OciHook, kind: keyof OciHooks, of: StateOf): Op => ({
  op: 'spawn',
  path,
  argv: args === undefined || args.length === 0 ? [path] : args,
  env: env ?? [],
  input: stateText(of, STATUS[kind]),
  timeoutMs: (timeout ?? 0) * 1000,
  optional: OPTIONAL.has(kind) ? 1 : 0,
})

/** What init does once it is started. The programs of its hooks come from the root, so they are held by the filter as well. */
export const lastOps = (of: StateOf, program: Pick<Program, 'process' | 'filter'>): readonly Op[] =>
  execOps(program, hookOps('startContainer', of))
