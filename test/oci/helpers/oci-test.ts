import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import type { Outcome } from '../../helpers/command.ts'
import { type Bundle, makeBundle } from './bundle.ts'
import type { Json } from './config.ts'
import { type Container, containerOf } from './container.ts'
import { NO_RESIDUE, settled } from './residue.ts'
import { runVerb, type VerbOptions } from './verb.ts'

export type Options = Partial<VerbOptions>

/** What a test of containers gets beside tap's own. */
export interface Oci {
  readonly t: Test
  /** In the name of every container, group and directory of this test. */
  readonly marker: string
  /** A directory for what the test needs; it goes with the test. */
  readonly dir: string
  /** Where the state of this test's containers lies. */
  readonly root: string
  /** A new id. */
  readonly id: () => string
  /** A bundle for a container of this id, whose group is named after it. */
  readonly bundle: (id: string, over?: Json) => Bundle
  /** `tsbox --root ROOT ARGS…`, whatever comes of it. */
  readonly tsbox: (args: readonly string[], options?: Options) => Promise<Outcome>
  /** The same, which has to end with 0; returns what it printed. */
  readonly ok: (args: readonly string[], options?: Options) => Promise<string>
  /** The same, which has to end with 1; returns what it said. */
  readonly fails: (args: readonly string[], options?: Options) => Promise<string>
  /** A whole container: `run --bundle` to its end. */
  readonly run: (over: Json, options?: Options) => Promise<Outcome>
  /** What a shell script printed that was a container's program; it has to end with 0. */
  readonly script: (script: string, over?: Json) => Promise<string>
  /** What `create` refused this configuration with. */
  readonly refusal: (over: Json) => Promise<string>
  readonly create: (over?: Json, args?: readonly string[], options?: Options) => Promise<Container>
  /** `create` and `start`. */
  readonly start: (over?: Json, args?: readonly string[], options?: Options) => Promise<Container>
}

interface TestOptions {
  /**
   * Fields of `config.json` that this test shows at work, or refused; braces stand for several: `process.{args,env}`. The
   * conformance page is made of them.
   */
  readonly shows?: readonly string[]
  /** Why it cannot be tried on this host. */
  readonly skip?: string | false
}

const tool = (t: Test, marker: string): Oci => {
  const dir = join(tmpdir(), marker)
  const root = join(dir, 'state')
  let count = 0
  const id = () => `${marker}-${++count}`
  const outputs = () => join(dir, `verb-${++count}`)
  const bundle = (name: string, over: Json = {}) => {
    const made = makeBundle(join(dir, `bundle-${name}`), `/${marker}/${name}`)
    made.write(over)
    return made
  }
  const tsbox: Oci['tsbox'] = (args, options = {}) =>
    runVerb(['--root', root, ...args], { outputs: outputs(), ...options })
  const expecting =
    (status: number, part: 'stdout' | 'stderr') => async (args: readonly string[], options?: Options) => {
      const outcome = await tsbox(args, options)
      if (outcome.status === status) return outcome[part]
      throw new Error(`tsbox ${args.join(' ')}: ${JSON.stringify(outcome)}`)
    }
  const ok = expecting(0, 'stdout')
  const fails = expecting(1, 'stderr')
  const run: Oci['run'] = (over, options) => {
    const name = id()
    return tsbox(['run', '--bundle', bundle(name, over).dir, name], options)
  }
  const script: Oci['script'] = async (text, over = {}) => {
    const process = { ...(over.process as Json | undefined), args: ['/bin/sh', '-euc', text] }
    const outcome = await run({ ...over, process })
    if (outcome.status === 0) return outcome.stdout
    throw new Error(`the script: ${JSON.stringify(outcome)}`)
  }
  const refusal: Oci['refusal'] = over => {
    const name = id()
    return fails(['create', '--bundle', bundle(name, over).dir, name])
  }
  const create: Oci['create'] = async (over, args = [], options = {}) => {
    const name = id()
    const made = bundle(name, over)
    const files = options.outputs ?? outputs()
    await ok(['create', '--bundle', made.dir, ...args, name], { ...options, outputs: files })
    return containerOf({
      id: name,
      bundle: made,
      root,
      outputs: files,
      ok,
      tsbox,
      group: `${marker}/${name}`,
    })
  }
  const start: Oci['start'] = async (...how) => {
    const container = await create(...how)
    await container.start()
    return container
  }
  return { t, marker, dir, root, id, bundle, tsbox, ok, fails, run, script, refusal, create, start }
}

/** Whatever a test left is removed; what cannot be removed is what the last look then finds. */
const removeAll = async ({ root, tsbox }: Oci): Promise<void> => {
  for (const id of existsSync(root) ? readdirSync(root) : []) await tsbox(['delete', '--force', id])
}

/** Tests of one file about containers. Each ends with a look at the host: nothing of it is left. */
export const ociTests = (file: string) => {
  const prefix = `oci-${basename(file).split('.')[0]}-${process.pid}`
  let count = 0
  return async (title: string, options: TestOptions, body: (oci: Oci) => Promise<void>): Promise<void> => {
    await t.test(title, { skip: options.skip ?? false }, async test => {
      const oci = tool(test, `${prefix}-${++count}`)
      mkdirSync(oci.dir)
      try {
        await body(oci)
      } finally {
        await removeAll(oci)
        test.same(await settled(oci.marker, [oci.root]), NO_RESIDUE, 'nothing is left on the host')
        rmSync(oci.dir, { recursive: true, force: true })
      }
    })
  }
}
