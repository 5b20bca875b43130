import { TsboxError } from '@tsbox/errors'
import { applyWrites } from './apply.ts'
import { type CgroupEvent, EventStream } from './events.ts'
import { badField } from './field.ts'
import { exists, noGroup, readText, writeValue } from './files.ts'
import { freezeGroup, thawGroup } from './freeze.ts'
import { checkGroupPath } from './group-path.ts'
import { type CgroupHost, CONTROLLERS, type Controller, detectHost } from './host.ts'
import { killGroup } from './kill.ts'
import { defaultControllers, type GroupDir, groupLayout, withOwnControllers } from './layout.ts'
import type { Limits } from './limits.ts'
import { enableControllers, type Prune, pruneParents } from './make.ts'
import { makeGroup } from './make-group.ts'
import type { Stats } from './snapshot.ts'
import { statFiles, statsFromFiles } from './stats.ts'
import { processesIn, removeTree, withDescendants } from './tree.ts'
import { controllersOf, limitWrites } from './writes.ts'

export interface CreateOptions {
  /** Where the group is, counted from each hierarchy's mount: '/tsbox/web-1'. */
  readonly path: string
  readonly limits?: Limits | undefined
  /** Controllers to have beside those the limits need. Ordinarily those of `defaultControllers`. */
  readonly controllers?: readonly Controller[] | undefined
  /** Ordinarily what `detectHost` finds. */
  readonly host?: CgroupHost | undefined
  /**
   * Which parents `delete` takes along once they are empty: those this process had to make (true, the ordinary case), none
   * (false), or all ('always'), for a parent that several programs share and any of them may make.
   */
  readonly prune?: Prune | undefined
}

/** `path` in two parts. */
export type CreateAt =
  | CreateOptions
  | (Omit<CreateOptions, 'path'> & { readonly parent: string; readonly name: string })

export interface TimeLimit {
  /** How long to try, in milliseconds. */
  readonly timeoutMs?: number | undefined
}

const pathOf = (options: CreateAt): string => {
  if ('path' in options) return checkGroupPath(options.path)
  if (options.name.includes('/')) throw badField('name', 'a name holds no /', 'put the rest into parent')
  return checkGroupPath(options.parent === '/' ? `/${options.name}` : `${options.parent}/${options.name}`)
}

/** A control group: one directory in each hierarchy that matters on this host, handled as one thing. */
export class Cgroup {
  readonly path: string
  readonly host: CgroupHost
  /** The group's directories. */
  readonly dirs: readonly GroupDir[]
  readonly #prune: Prune
  readonly #streams = new Set<EventStream>()

  private constructor(options: {
    path: string
    host: CgroupHost
    dirs: readonly GroupDir[]
    prune: Prune
  }) {
    this.path = options.path
    this.host = options.host
    this.dirs = options.dirs
    this.#prune = options.prune
  }

  /**
   * Makes a new group and puts limits on it. Nothing is left behind when any of that fails.
   *
   * @throws TsboxError ERR_TSBOX_CONTROLLER when this host cannot enforce a limit; ERR_TSBOX_CGROUP when the group exists
   *   already or the kernel refuses; ERR_TSBOX_SPEC and ERR_TSBOX_SIZE for bad values
   */
  static async create(options: CreateAt): Promise<Cgroup> {
    const path = pathOf(options)
    const host = options.host ?? detectHost()
    const writes = limitWrites(host, options.limits ?? {})
    const needed = [...(options.controllers ?? []), ...controllersOf(writes)]
    const wanted = options.controllers === undefined ? [...defaultControllers(host), ...needed] : needed
    const dirs = groupLayout(host, path, wanted)
    await makeGroup({ host, dirs, needed, writes, prune: options.prune ?? true })
    return new Cgroup({ path, host, dirs, prune: options.prune ?? true })
  }

  /**
   * A group that exists already, whoever made it.
   *
   * @throws TsboxError ERR_TSBOX_CGROUP when it is in no hierarchy
   */
  static async open(path: string, options: { readonly host?: CgroupHost } = {}): Promise<Cgroup> {
    const host = options.host ?? detectHost()
    const offered = CONTROLLERS.filter(name => host.v1[name] !== undefined)
    const dirs: GroupDir[] = []
    for (const dir of groupLayout(host, path, offered)) {
      if (!(await exists(dir.path))) continue
      const own = dir.version === 2 ? await readText(`${dir.path}/cgroup.controllers`) : undefined
      dirs.push(withOwnControllers(dir, own))
    }
    if (dirs.length > 0) return new Cgroup({ path, host, dirs, prune: false })
    throw noGroup(path)
  }

  /**
   * Moves processes, with all their threads, into the group. Children they have already stay where they are.
   *
   * @throws TsboxError ERR_TSBOX_CGROUP when a process has ended or may not be moved
   */
  async add(pids: number | readonly number[]): Promise<void> {
    const list = typeof pids === 'number' ? [pids] : pids
    for (const pid of list) {
      if (!Number.isInteger(pid) || pid < 1) throw badField('pid', `${pid} is not a process id`)
    }
    for (const pid of list) {
      for (const dir of this.dirs) await writeValue(`${dir.path}/cgroup.procs`, String(pid), 'add')
    }
  }

  /** The processes in the group, and with `descendants` those in groups below it. */
  async procs({ descendants = false }: { readonly descendants?: boolean } = {}): Promise<readonly number[]> {
    const own = this.dirs.map(dir => dir.path)
    const dirs = descendants ? (await Promise.all(own.map(withDescendants))).flat() : own
    return [...(await processesIn(dirs)).pids].sort((a, b) => a - b)
  }

  /**
   * What the group has used so far.
   *
   * @throws TsboxError ERR_TSBOX_CGROUP when the group is gone
   */
  async stats(): Promise<Stats> {
    for (const dir of this.dirs) if (!(await exists(dir.path))) throw noGroup(this.path)
    const texts = new Map<string, string | undefined>()
    await Promise.all(
      statFiles(this.host).map(async ({ mount, file }) => {
        const dir = this.dirs.find(one => one.mount === mount)
        if (dir !== undefined) texts.set(`${mount}/${file}`, await readText(`${dir.path}/${file}`))
      }),
    )
    return statsFromFiles(this.host, (mount, file) => texts.get(`${mount}/${file}`))
  }

  /**
   * Puts limits on the group; those not named stay as they are.
   *
   * @throws TsboxError as `create` does; some of the limits may then be in force already
   */
  async setLimits(limits: Limits): Promise<void> {
    const writes = limitWrites(this.host, limits)
    const needed = controllersOf(writes)
    for (const dir of this.dirs) {
      if (dir.version !== 2) continue
      const here = needed.filter(name => this.host.v1[name] === undefined)
      await enableControllers(this.host, { ...dir, controllers: here })
    }
    await applyWrites(this.dirs, writes)
  }

  /** Stops every process where it is; resolves when all stand still. Tries for 10 s unless told otherwise. */
  async freeze({ timeoutMs = 10_000 }: TimeLimit = {}): Promise<void> {
    await freezeGroup(this.dirs, { timeoutMs })
  }

  /** Lets a frozen group run again. */
  async thaw(): Promise<void> {
    await thawGroup(this.dirs)
  }

  /**
   * Ends every process in the group and in groups below it; resolves when none is left. Tries for 10 s unless told
   * otherwise. A caller that is in the group itself ends too.
   */
  async kill({ timeoutMs = 10_000 }: TimeLimit = {}): Promise<void> {
    await killGroup(this.dirs, { timeoutMs })
  }

  /**
   * Removes the group and the groups below it, once no process is left in them. Tries for 5 s unless told otherwise. A
   * group that is gone already is fine. Event streams of this object get what happened until now, then end.
   *
   * @throws TsboxError ERR_TSBOX_CGROUP when processes are still inside
   */
  async delete({ timeoutMs = 5000 }: TimeLimit = {}): Promise<void> {
    for (const stream of this.#streams) stream.sample()
    for (const dir of this.dirs) {
      if (await removeTree(dir.path, { timeoutMs })) continue
      const left = await this.procs({ descendants: true })
      throw new TsboxError('ERR_TSBOX_CGROUP', `the group ${this.path} is still in use (${dir.path})`, {
        hint: left.length > 0 ? `kill() it first: it holds ${left.join(', ')}` : 'try again in a moment',
        step: 'delete',
      })
    }
    for (const stream of this.#streams) stream.close()
    for (const dir of this.dirs) await pruneParents(dir, this.#prune)
  }

  /**
   * What happens to the group from now on, until the signal aborts or the group is deleted; either ends the iteration
   * without an error. Nothing here keeps the process alive. `sampleMs` is how often counters are read where the kernel
   * reports no changes, as on v1; 100 unless told otherwise.
   */
  events(
    signal?: AbortSignal,
    { sampleMs = 100 }: { readonly sampleMs?: number } = {},
  ): AsyncIterableIterator<CgroupEvent, undefined> {
    const stream = new EventStream({ host: this.host, dirs: this.dirs, sampleMs })
    const abort = () => stream.close()
    this.#streams.add(stream)
    stream.onClose(() => {
      this.#streams.delete(stream)
      signal?.removeEventListener('abort', abort)
    })
    if (signal?.aborted) stream.close()
    else signal?.addEventListener('abort', abort, { once: true })
    return stream
  }

  /** Ends every process and removes the group, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await this.delete()
  }
}
