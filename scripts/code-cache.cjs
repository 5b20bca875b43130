// code-cache.cjs DIR PROGRAM: writes DIR/PROGRAM.cache, V8's code for DIR/PROGRAM.cjs as the command has it compiled when it
// becomes the supervisor. Run by `make install` with the Node that tsbox will run with; the wrapper must be launch.ts's own.
const { mkdtempSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join, resolve } = require('node:path')
const { Script } = require('node:vm')

const directory = resolve(process.argv[2])
const program = process.argv[3]
const path = join(directory, `${program}.cjs`)
const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'utf8')}\n})`
const script = new Script(source, { filename: path })

/** A bundle to create a container from, as far as planning looks at it. */
const scratch = mkdtempSync(join(tmpdir(), 'tsbox-code-'))
const BUNDLE = {
  ociVersion: '1.2.0',
  process: {
    user: { uid: 0, gid: 0, additionalGids: [1] },
    args: ['sh'],
    env: ['PATH=/bin'],
    cwd: '/',
    capabilities: { bounding: ['CAP_KILL'], effective: ['CAP_KILL'], permitted: ['CAP_KILL'] },
    rlimits: [{ type: 'RLIMIT_CORE', hard: 0, soft: 0 }],
    noNewPrivileges: true,
    oomScoreAdj: 0,
  },
  root: { path: 'rootfs' },
  hostname: 'code',
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
    { destination: '/etc/hosts', type: 'bind', source: '/etc/hosts', options: ['rbind', 'rprivate', 'ro'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'nosuid'] },
  ],
  hooks: { createRuntime: [{ path: '/bin/true', args: ['true'] }] },
  annotations: { code: 'cache' },
  linux: {
    cgroupsPath: '/tsbox-code',
    resources: {
      devices: [
        { allow: false, access: 'rwm' },
        { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' },
      ],
      memory: {},
      cpu: {},
      pids: {},
      blockIO: {},
    },
    sysctl: { 'net.ipv4.ip_unprivileged_port_start': '0' },
    namespaces: ['mount', 'network', 'uts', 'pid', 'ipc'].map(type => ({ type })),
    devices: [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 438, uid: 0, gid: 0 }],
    maskedPaths: ['/proc/kcore'],
    readonlyPaths: ['/proc/sys'],
  },
}

const words = {
  main: ['run', '-e', 'A=b', '--pids', '20', '--', '/bin/true'],
  oci: [
    '--root',
    join(scratch, 'state'),
    '--log',
    join(scratch, 'log'),
    'create',
    '--bundle',
    scratch,
    'code',
  ],
}

// Nothing is run: planning reads a few files, and the last step is replaced by writing the cache.
process.geteuid = () => 0
process.execve = () => {
  writeFileSync(`${path}.cache.new`, script.createCachedData())
  renameSync(`${path}.cache.new`, join(directory, `${program}.cache`))
  rmSync(scratch, { recursive: true, force: true })
  process.exit(0)
}
mkdirSync(join(scratch, 'rootfs'))
writeFileSync(join(scratch, 'config.json'), JSON.stringify(BUNDLE))
process.argv = [process.argv[0], path, ...words[program]]
const module_ = { exports: {} }
script.runInThisContext()(module_.exports, require, module_, path, directory)
module_.exports.start?.(words[program])
