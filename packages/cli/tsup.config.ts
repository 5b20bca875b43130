import { defineConfig } from 'tsup'
import { bundle, libraryOptions } from '../../scripts/tsup.base.ts'

/** `run` is the path that must start fast: the rarer commands are files of their own, read when they are asked for. */
const RARE = ['doctor', 'handback', 'oci']

export default defineConfig([
  { ...libraryOptions, clean: ['!*.cjs'] },
  bundle({
    entry: {
      main: 'src/main.ts',
      ...Object.fromEntries(RARE.map(name => [name, `src/commands/${name}.ts`])),
    },
    esbuildPlugins: [
      {
        name: 'rare-commands',
        setup: build =>
          build.onResolve({ filter: /commands\/[a-z]+\.ts$/ }, ({ kind, path }) => {
            const name = RARE.find(rare => path.endsWith(`/${rare}.ts`))
            return kind === 'dynamic-import' && name !== undefined
              ? { path: `./${name}.cjs`, external: true }
              : undefined
          }),
      },
    ],
  }),
  {
    ...bundle({
      entry: { tsbox: 'src/launch.ts' },
      banner: { js: '#!/usr/bin/env -S node --disable-sigusr1 --' },
    }),
    shims: false,
  },
])
