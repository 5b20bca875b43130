export { planRoot } from './plan-root.ts'
export { readUserland, type Userland } from './userland.ts'
