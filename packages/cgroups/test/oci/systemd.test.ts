import t from 'tap'
import { systemdGroupPath } from '../../src/index.ts'

t.test('a container is a scope in its slice', async t => {
  t.same(systemdGroupPath('system.slice:docker:1234'), {
    slice: 'system.slice',
    unit: 'docker-1234.scope',
    path: '/system.slice/docker-1234.scope',
  })
})

t.test('a slice lies in those its name begins with', async t => {
  t.equal(
    systemdGroupPath('kubepods-burstable-pod12.slice:cri-containerd:ab').path,
    '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12.slice/cri-containerd-ab.scope',
  )
  t.same(systemdGroupPath('-.slice:a:b'), { slice: '-.slice', unit: 'a-b.scope', path: '/a-b.scope' })
})

t.test('without a slice it is system.slice, for users user.slice', async t => {
  t.equal(systemdGroupPath(':libpod:ab').path, '/system.slice/libpod-ab.scope')
  t.equal(systemdGroupPath(':libpod:ab', { rootless: true }).path, '/user.slice/libpod-ab.scope')
  t.equal(systemdGroupPath('user.slice:a:b', { rootless: false }).slice, 'user.slice')
})

t.test('a name that ends so is a slice itself', async t => {
  t.same(systemdGroupPath('kubepods.slice::kubepods-besteffort.slice'), {
    slice: 'kubepods.slice',
    unit: 'kubepods-besteffort.slice',
    path: '/kubepods.slice/kubepods-besteffort.slice',
  })
  t.equal(systemdGroupPath('-.slice::test.slice').path, '/test.slice')
  t.throws(() => systemdGroupPath('system.slice::other.slice'), {
    code: 'ERR_TSBOX_SPEC',
    message: /does not put other\.slice into system\.slice/,
  })
})

t.test('another form, or a name no unit can have, is refused', async t => {
  for (const path of [
    '',
    '/docker/abc',
    'a:b',
    'a.slice:b:',
    'a.slice:b:c:d',
    'a:b:c',
    '.slice:b:c',
    '-a.slice:b:c',
    'a-.slice:b:c',
    'a--b.slice:b:c',
    'a/b.slice:b:c',
    '../x.slice:b:c',
    'a.slice:b:../c',
    'a.slice:b/..:c',
    'a.slice:b:c\n',
    `a.slice:b:${'c'.repeat(250)}`,
    '-.slice::-.slice',
  ]) {
    t.throws(() => systemdGroupPath(path), { code: 'ERR_TSBOX_SPEC', step: 'linux.cgroupsPath' }, path)
  }
})
