import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inPrivateMounts } from '../../helpers/boxes.ts'
import { command, type Outcome } from '../../helpers/command.ts'
import type { Oci } from './oci-test.ts'

/**
 * Ends a container whose number is then given to another process, in a namespace of processes where nobody else is given numbers,
 * so that the next one can be chosen. It prints `same 1` when the number was given away.
 *
 * @param then what a shell does next: `$other` has the number, `$name` is the container, `tsbox` the command
 */
export const givenAway = ({ dir, root, bundle, id }: Oci, then: string): Promise<Outcome> => {
  const name = id()
  const made = bundle(name)
  const script = `
    name=${name}
    tsbox() { "$TSBOX" --root ${root} "$@" 2>&-; }
    tsbox run --detach --pid-file ${dir}/pid --bundle ${made.dir} $name
    pid=$(cat ${dir}/pid)
    tsbox kill $name KILL
    while [ -e /proc/$pid ] && ! grep -q '^State:.*Z' /proc/$pid/status; do sleep 0.02; done
    sleep 0 & wait
    for i in $(seq 50); do
      echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid; sleep 1000 & other=$!
      [ $other = $pid ] && break
      kill -9 $other; wait $other || true
    done
    echo "same $((other == pid))"
    ${then}`
  writeFileSync(join(dir, 'script'), script)
  return inPrivateMounts(`exec unshare --pid --fork --mount-proc --kill-child sh -uc '. ${dir}/script'`, {
    TSBOX: command(),
  })
}
