/** One screen row without its SGR sequences, and which of its characters were drawn dim. */
export interface StyledRow {
  readonly text: string;
  /** The same characters, with a blank for each dim one. */
  readonly brightText: string;
  /** The first character is drawn dim. */
  readonly startsDim: boolean;
}

// eslint-disable-next-line no-control-regex -- SGR sequences are what this is about
const SGR = /\u001B\[([\d;:]*)m|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)|\u001B[()][A-Z0-9]|[\u000E\u000F]/gu;

/** Reads what `capture-pane -e` printed. Attributes carry over from row to row, as tmux prints them. */
export function readStyledRows(styled: string): readonly StyledRow[] {
  let isDim = false;
  return styled.split('\n').map((line) => {
    let text = '';
    let brightText = '';
    let startsDim = false;
    const append = (part: string): void => {
      if (part === '') return;
      if (text === '') startsDim = isDim;
      text += part;
      brightText += isDim ? ' '.repeat(part.length) : part;
    };
    let from = 0;
    for (const match of line.matchAll(SGR)) {
      append(line.slice(from, match.index));
      from = match.index + match[0].length;
      if (match[1] !== undefined) isDim = dimAfter(match[1], isDim);
    }
    append(line.slice(from));
    return { text, brightText, startsDim };
  });
}

/** 2 makes dim, 0 and 22 end it; the numbers behind 38 and 48 are colours. */
function dimAfter(parameters: string, before: boolean): boolean {
  let isDim = before;
  const codes = (parameters === '' ? '0' : parameters).split(';');
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at];
    if (code === '38' || code === '48' || code === '58')
      at += codes[at + 1] === '5' ? 2 : codes[at + 1] === '2' ? 4 : 0;
    else if (code === '2') isDim = true;
    else if (code === '0' || code === '' || code === '22') isDim = false;
  }
  return isDim;
}
