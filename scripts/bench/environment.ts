import { env, pid } from 'node:process'

/** The prefix of every container and cgroup that this run creates. */
export const TAG = `tsbox-bench-${pid}`

/** Commands see the same small environment whether the bench was started by make, npm or hand. */
export const environment: Readonly<Record<string, string>> = {
  PATH: env.PATH ?? '/usr/bin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  FLOOR_NAME: `${TAG}-floor`,
}
