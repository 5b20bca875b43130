import type { OciResources } from '@tsbox/cgroups'
import { anyText, boolean, type Check, plainText, shown, unlessEmpty } from './check.ts'
import type { OciConfig, OciProcess } from './config.ts'
import { configError, jsonPath } from './config-error.ts'
import { hooks } from './hooks.ts'
import { anyPath } from './inside-path.ts'
import { parseJson } from './json.ts'
import { linux } from './linux.ts'
import { mounts } from './mounts.ts'
import { checkNamespaces } from './namespace-rules.ts'
import { readProcess } from './process.ts'
import { map, record, unsupported } from './record.ts'
import { resources } from './resources.ts'

/** SemVer 2.0.0; the parts before and behind the numbers do not matter here. */
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z.-]+)?$/

/** 0.x were drafts of 1.0, and the specification's own example still says so. */
const ociVersion: Check<string> = (value, path) => {
  const read = anyText(value, path)
  const major = SEMVER.exec(read)?.[1]
  if (major === '0' || major === '1') return read
  const what =
    major === undefined ? 'is not a version (SemVer 2.0.0)' : 'is of a specification that is not known'
  throw configError(path, `${shown(read)} ${what}`, 'Write 1.2.0, or another version below 2.')
}

const platform = (name: string) =>
  unsupported(`this is a configuration for ${name}`, 'tsbox runs containers of Linux; leave this field out.')

const annotation: Check<unknown> = (key, path) => {
  if (key === '') throw configError(jsonPath(path, ''), 'an annotation has no name', 'Give it one.')
}

/** UTS names: __NEW_UTS_LEN of the kernel. */
const utsName = unlessEmpty(plainText(64))

const document = record<Omit<OciConfig, 'linux'> & Partial<Pick<OciConfig, 'linux'>>>({
  refused: {
    windows: platform('Windows'),
    solaris: platform('Solaris'),
    zos: platform('z/OS'),
    freebsd: platform('FreeBSD'),
    vm: platform('virtual machines'),
  },
  fields: {
    ociVersion,
    process: readProcess,
    root: record<OciConfig['root']>({ fields: { path: anyPath, readonly: boolean }, required: ['path'] }),
    hostname: utsName,
    domainname: utsName,
    mounts,
    hooks,
    annotations: map(anyText, annotation),
    linux,
  },
  required: ['ociVersion', 'root'],
})

/**
 * Reads a `config.json` (runtime-spec 1.0 to 1.3) and checks all of it that can be checked without looking at the host. What
 * a container needs beyond a valid document is asked by `checkCreate`.
 *
 * @throws TsboxError ERR_TSBOX_CONFIG, whose `step` is the JSON path of the field
 */
export const parseConfig = (text: string): OciConfig => {
  const { linux = {}, ...rest } = document(parseJson(text), '')
  const config = { ...rest, linux }
  checkNamespaces(config)
  return config
}

/**
 * Reads a process, as `exec --process` takes it.
 *
 * @param where the path in front of the fields' names in messages
 * @throws TsboxError ERR_TSBOX_CONFIG
 */
export const parseProcess = (text: string, where = ''): OciProcess => readProcess(parseJson(text), where)

/**
 * Reads resources, as `update --resources` takes them.
 *
 * @param where the path in front of the fields' names in messages
 * @throws TsboxError ERR_TSBOX_CONFIG
 */
export const parseResources = (text: string, where = ''): OciResources => resources(parseJson(text), where)
