import { defineConfig, type Options } from 'tsup'

/** What every library package builds: ESM, CommonJS and types from src/index.ts. */
export const libraryOptions: Options = {
  entry: ['src/index.ts'],
  format: ['esm', 'cjs'],
  target: 'node22',
  platform: 'node',
  dts: true,
  shims: true,
  clean: true,
  sourcemap: false,
}

export const library = (more: Options = {}) => defineConfig({ ...libraryOptions, ...more })

/**
 * The command: one CommonJS file (the form Node starts fastest) with our packages and valibot inside, read from
 * their sources so that what the command does not use falls away. koffi is native and stays outside.
 */
export const bundle = (more: Options): Options => ({
  format: ['cjs'],
  target: 'node22',
  platform: 'node',
  dts: false,
  shims: true,
  clean: false,
  sourcemap: false,
  splitting: false,
  noExternal: [/^@tsbox\//, 'valibot'],
  external: ['koffi'],
  outExtension: () => ({ js: '.cjs' }),
  esbuildOptions: options => {
    options.conditions = ['@tsbox/source', 'module', 'node']
    options.minifyWhitespace = true
    options.treeShaking = true
    // import() becomes require(): the command's files are CommonJS, and code run from a cache cannot import.
    options.supported = { ...options.supported, 'dynamic-import': false }
    options.legalComments = 'none'
  },
  ...more,
})
