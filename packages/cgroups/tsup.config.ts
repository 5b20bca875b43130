import { library } from '../../scripts/tsup.base.ts'

export default library()
