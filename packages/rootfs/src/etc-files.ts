import { SLOTS } from '@tsbox/plan'
import type { Op } from '@tsbox/protocol'
import type { Box } from '@tsbox/spec'

/** The accounts, names and addresses of a box in the host's userland: generated, never the host's own. */
export const etcFiles = (box: Box): Op[] => {
  const { uid, gid } = box.user
  const files: Record<string, string> = {
    passwd: lines(
      'root:x:0:0:root:/root:/bin/sh',
      'nobody:x:65534:65534:nobody:/:/usr/sbin/nologin',
      ...(uid === 0 || uid === 65534 ? [] : [`user:x:${uid}:${gid}:user:/:/bin/sh`]),
    ),
    group: lines(
      'root:x:0:',
      'tty:x:5:',
      'nogroup:x:65534:',
      ...(gid === 0 || gid === 5 || gid === 65534 ? [] : [`user:x:${gid}:`]),
    ),
    hostname: lines(box.hostname),
    hosts: lines(
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      ...(box.hostname === 'localhost' ? [] : [`127.0.1.1\t${box.hostname}`]),
    ),
    ...(box.network === 'none' ? { 'resolv.conf': lines('# This box has no network.') } : {}),
  }
  return Object.entries(files).map(
    ([name, data]): Op => ({ op: 'makeFile', root: SLOTS.root, path: `/etc/${name}`, mode: 0o644, data }),
  )
}

const lines = (...all: string[]): string => `${all.join('\n')}\n`
