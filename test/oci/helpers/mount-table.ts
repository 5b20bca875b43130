/** A line of /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
export interface MountLine {
  readonly id: number
  readonly parent: number
  /** Of the file system, what is mounted. */
  readonly root: string
  readonly target: string
  /** Of this mount. */
  readonly options: readonly string[]
  /** Propagation: `shared:1`, `master:2`, `unbindable`. */
  readonly tags: readonly string[]
  readonly type: string
  readonly source: string
  /** Of the file system. */
  readonly superOptions: readonly string[]
}

export const mountLines = (text: string): readonly MountLine[] =>
  text
    .split('\n')
    .filter(line => / - /.test(line))
    .map(line => {
      const [left = '', right = ''] = line.split(' - ')
      const [id, parent, , root = '', target = '', options = '', ...tags] = left.split(' ')
      const [type = '', source = '', superOptions = ''] = right.split(' ')
      return {
        id: Number(id),
        parent: Number(parent),
        root,
        target,
        options: options.split(','),
        tags,
        type,
        source,
        superOptions: superOptions.split(','),
      }
    })

/** The topmost mount at a place. */
export const mountAt = (text: string, target: string): MountLine => {
  const found = mountLines(text).findLast(line => line.target === target)
  if (found !== undefined) return found
  throw new Error(`nothing is mounted at ${target}: ${text}`)
}
