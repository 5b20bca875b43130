import { defineConfig, type Options } from 'tsup'

/** The one tsup configuration of every library package: ESM, CommonJS and types from src/index.ts. */
export const library = (more: Options = {}) =>
  defineConfig({
    entry: ['src/index.ts'],
    format: ['esm', 'cjs'],
    target: 'node22',
    platform: 'node',
    dts: true,
    clean: true,
    sourcemap: false,
    ...more,
  })
