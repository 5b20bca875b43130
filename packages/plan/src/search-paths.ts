/** Where execvp(3) looks for a program without a slash in its name; a program with one is where it says. */
export const searchPaths = (program: string, path = ''): readonly string[] => {
  if (program === '' || program.includes('/')) return [program]
  return path
    .split(':')
    .filter(dir => dir !== '')
    .map(dir => `${dir.replace(/\/+$/, '')}/${program}`)
}
