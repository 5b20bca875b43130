import { defineConfig } from 'tsup'
import { bundle, libraryOptions } from '../../scripts/tsup.base.ts'

export default defineConfig([
  { ...libraryOptions, clean: ['!tsbox.cjs'] },
  bundle({ entry: { tsbox: 'src/main.ts' } }),
])
