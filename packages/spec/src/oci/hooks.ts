import { type Check, list, texts, whole } from './check.ts'
import type { OciHook, OciHooks } from './config.ts'
import { absolutePath } from './inside-path.ts'
import { environment } from './process.ts'
import { record } from './record.ts'

const kind = list(
  record<OciHook>({
    fields: { path: absolutePath, args: texts, env: environment, timeout: whole(1, 2 ** 31 - 1) },
    required: ['path'],
  }),
)

/** `hooks` (config.md, "POSIX-platform Hooks"). */
export const hooks: Check<OciHooks> = record<OciHooks>({
  fields: {
    prestart: kind,
    createRuntime: kind,
    createContainer: kind,
    startContainer: kind,
    poststart: kind,
    poststop: kind,
  },
})
