/**
 * Every way tsbox can refuse or fail. A code is never reused for another meaning.
 *
 * `exit` is the exit status of the command: 125 when tsbox itself refuses or fails, 126 when the program is
 * not executable, 127 when it is not found (POSIX shell, "Exit Status for Commands").
 */
export const ERROR_CODES = {
  ERR_TSBOX_USAGE: { exit: 125, summary: 'The command line asks for something that does not exist.' },
  ERR_TSBOX_SPEC: { exit: 125, summary: 'A field of the box description has a value it cannot have.' },
  ERR_TSBOX_CONFIG: { exit: 125, summary: 'A config.json or one of its fields cannot be used.' },
  ERR_TSBOX_SIZE: { exit: 125, summary: 'A size, duration or number is not written in a known form.' },
  ERR_TSBOX_ROOTFS: {
    exit: 125,
    summary: 'The root file system or one of its layers is missing or unusable.',
  },
  ERR_TSBOX_NOT_ROOT: { exit: 125, summary: 'This needs root.' },
  ERR_TSBOX_NAME_TAKEN: { exit: 125, summary: 'A box with this name is running.' },
  ERR_TSBOX_NO_CONTAINER: { exit: 1, summary: 'There is no container of this id.' },
  ERR_TSBOX_STATE: {
    exit: 1,
    summary: 'A container is not in the state an operation needs, or its state cannot be read.',
  },
  ERR_TSBOX_CONTROLLER: { exit: 125, summary: 'This host lacks the cgroup controller a limit needs.' },
  ERR_TSBOX_CGROUP: { exit: 125, summary: 'A cgroup could not be made, changed or removed.' },
  ERR_TSBOX_HOST: { exit: 125, summary: 'This kernel or machine lacks something tsbox needs.' },
  ERR_TSBOX_SHIM_MISSING: { exit: 125, summary: 'The tsbox shim is not installed for this machine.' },
  ERR_TSBOX_PLAN: { exit: 125, summary: 'The shim refused the plan before running any of it.' },
  ERR_TSBOX_STEP: {
    exit: 125,
    summary: 'One step of setting up the box failed; everything before it was undone.',
  },
  ERR_TSBOX_SHIM_DIED: { exit: 125, summary: 'The shim ended without saying why.' },
  ERR_TSBOX_NOT_EXECUTABLE: { exit: 126, summary: 'The program was found and cannot be executed.' },
  ERR_TSBOX_NOT_FOUND: { exit: 127, summary: 'The program was not found in the box.' },
} as const satisfies Record<`ERR_TSBOX_${string}`, { exit: number; summary: string }>

export type ErrorCode = keyof typeof ERROR_CODES
