import { readFileSync } from 'node:fs'
import { detectHost } from '@tsbox/cgroups'
import { decodePlan } from '@tsbox/protocol'
import { livingProcess } from './status.ts'
import { STATE_FILES } from './store.ts'

const read = (path: string): Buffer | undefined => {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** The plan of removal names the groups. */
const fromPlan = (stateDir: string): string | undefined => {
  try {
    const plan = decodePlan(read(`${stateDir}/${STATE_FILES.delete}`) ?? Buffer.alloc(0))
    const remove = plan.teardown.find(op => op.op === 'removeCgroup')
    return remove === undefined ? undefined : String(remove.path)
  } catch {
    return undefined
  }
}

/** The kernel knows where a process that lives is; a path that ends in the id is the container's own group. */
const fromProcess = (stateDir: string, id: string): string | undefined => {
  const process = livingProcess(stateDir)
  const text = process === undefined ? undefined : read(`/proc/${process.pid}/cgroup`)?.toString()
  return text
    ?.split('\n')
    .map(line => line.split(':').slice(2).join(':'))
    .find(path => path.endsWith(`/${id}`) || path.endsWith(`-${id}.scope`))
}

/**
 * Where the processes of a container are whose state cannot be read: what is left of it is asked, the files that are whole first,
 * then the kernel, then where containers go that do not say where.
 */
export const salvagedGroup = (stateDir: string, id: string): string | undefined =>
  fromPlan(stateDir) ?? fromProcess(stateDir, id) ?? (hasDefaultGroup(id) ? `/tsbox-oci/${id}` : undefined)

const hasDefaultGroup = (id: string): boolean => {
  const { unified, v1 } = detectHost()
  return [unified?.mount, ...Object.values(v1)].some(
    mount => mount !== undefined && read(`${mount}/tsbox-oci/${id}/cgroup.procs`) !== undefined,
  )
}
