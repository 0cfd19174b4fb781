/** A word as a POSIX shell reads it back unchanged; plain words stay bare. */
export function quoteForShell(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** A command line that a POSIX shell reads back as these words. */
export function shellCommand(words: readonly string[]): string {
  return words.map(quoteForShell).join(' ');
}
