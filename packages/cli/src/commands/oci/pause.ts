import { pauseContainer, readContainer, resumeContainer } from '@tsbox/runtime'
import { type Context, readVerb } from './context.ts'
import { exactly } from './words.ts'

const HELP = {
  pause: 'Stop every process of a container where it is.',
  resume: 'Let the processes of a paused container run again.',
} as const

const verb =
  (name: keyof typeof HELP, act: typeof pauseContainer) =>
  async (context: Context): Promise<number | string> => {
    const { words, help } = readVerb(context, [], {})
    if (help) return `Usage: tsbox ${name} ID\n\n${HELP[name]}\n\nExample: sudo tsbox ${name} web\n`
    const [id] = exactly(words, ['ID'], name)
    await act(readContainer(context.globals.root, id))
    return 0
  }

export const pauseVerb = verb('pause', pauseContainer)
export const resumeVerb = verb('resume', resumeContainer)
