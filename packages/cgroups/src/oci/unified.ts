import { hasControlCharacter } from '../group-path.ts'
import { type CgroupHost, missingController } from '../host.ts'
import { isControlFile, NOT_RAW } from '../normal-raw.ts'
import type { LimitWrite } from '../writes.ts'
import { badResource } from './wish.ts'

const checked = (file: string, knob: string): string => {
  if (!isControlFile(file)) {
    throw badResource(knob, 'this is not the name of a cgroup file', "write it like 'memory.high'")
  }
  if (NOT_RAW.includes(file)) {
    throw badResource(knob, 'this file moves, stops or ends processes', 'leave it out: it is no limit')
  }
  return file
}

/** One write a line: the kernel takes one entry at a time (`io.max`). */
const linesOf = (value: string, knob: string): readonly string[] => {
  const lines = value.split('\n').filter(line => line !== '')
  if (lines.length === 0) throw badResource(knob, 'the value is empty')
  if (lines.some(line => line.length > 4095 || hasControlCharacter(line))) {
    throw badResource(knob, 'a line has a control character or more than 4095 characters')
  }
  return lines
}

/**
 * `linux.resources.unified`: files of cgroup v2 as they are, on a hybrid host as far as its v2 tree goes.
 *
 * @throws TsboxError ERR_TSBOX_CONTROLLER where the v2 tree or the file's controller is missing, ERR_TSBOX_SPEC for a name
 *   that is no control file, or one that would take the group out of the runtime's hands
 */
export const unifiedWrites = (
  host: CgroupHost,
  unified: Readonly<Record<string, string>>,
): readonly LimitWrite[] =>
  Object.entries(unified).flatMap(([name, value]) => {
    const knob = `linux.resources.unified[${JSON.stringify(name)}]`
    const file = checked(name, knob)
    const lines = linesOf(value, knob)
    const controller = file.slice(0, file.indexOf('.'))
    const tree = host.unified
    if (tree === undefined) throw missingController('cgroup v2', knob)
    if (controller !== 'cgroup' && !tree.controllers.includes(controller)) {
      throw missingController(`${controller} (v2)`, knob)
    }
    return lines.map(line => ({ controller, version: 2, mount: tree.mount, file, value: line, knob }))
  })
