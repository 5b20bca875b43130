/** The words of a text: lists of names are easier to read as running text. */
export const words = (text: string): readonly string[] => text.trim().split(/\s+/)
