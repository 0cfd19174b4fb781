export const pageWidth = 80;

/** Text in lines of at most 80 characters, broken between words; later lines begin with the margin. */
export function wrap(text: string, margin = '', first = margin): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ').filter(Boolean)) {
    if (!isEmpty && line.length + 1 + word.length > pageWidth) {
      lines.push(line);
      [line, isEmpty] = [margin, true];
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}

/** Terms with what they mean beside them, or below one that is too long for its column. */
export function glossary(rows: readonly (readonly [term: string, meaning: string])[], column: number): string {
  const margin = ' '.repeat(column);
  return rows
    .map(([term, meaning]) => {
      const start = `  ${term}`;
      const fits = start.length + 2 <= column;
      return fits ? wrap(meaning, margin, start.padEnd(column)) : `${start}\n${wrap(meaning, margin)}`;
    })
    .join('\n');
}
