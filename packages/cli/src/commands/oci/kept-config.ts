import type { OpOf, Plan } from '@tsbox/protocol'

/** What is looked up in a configuration to name a field; it was checked before the plan was made. */
interface KeptConfig {
  readonly linux?: { readonly namespaces?: readonly { readonly path?: unknown }[] }
  readonly mounts?: readonly { readonly destination?: unknown }[]
  readonly hooks?: Readonly<
    Record<string, readonly { readonly path?: unknown; readonly args?: readonly unknown[] }[] | null>
  >
}

/** The configuration of a container that is being made: it is in the plan, because it is kept for later verbs. */
export const keptConfig = ({ outer }: Plan): KeptConfig => {
  const kept = outer.find(op => op.op === 'makeFile' && op.path === 'config.json')
  if (kept?.op !== 'makeFile') return {}
  try {
    return JSON.parse(Buffer.from(kept.data).toString())
  } catch {
    return {}
  }
}

/** `hooks.createRuntime[1]`, where the configuration is at hand. */
export const hookField = (plan: Plan, { path, argv }: OpOf<'spawn'>): string | undefined => {
  const isIt = (hook: { readonly path?: unknown; readonly args?: readonly unknown[] }): boolean =>
    hook.path === path && (hook.args ?? [path]).join('\0') === argv.join('\0')
  for (const [kind, hooks] of Object.entries(keptConfig(plan).hooks ?? {})) {
    const at = hooks?.findIndex(isIt) ?? -1
    if (at >= 0) return `hooks.${kind}[${at}]`
  }
  return undefined
}
