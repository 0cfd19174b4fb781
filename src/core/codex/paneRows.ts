/** One row of a pane. Styled captures also say what is left without the dim characters (blanks in their place). */
export interface PaneRow {
  readonly text: string;
  readonly brightText?: string;
}

/** Rows of a pane without the blank ones at its end, each without trailing blanks. */
export interface PaneRows {
  readonly rows: readonly string[];
  /** Null from a plain capture. */
  readonly bright: readonly string[] | null;
}

export function readPaneRows(pane: string | readonly PaneRow[]): PaneRows {
  const given: readonly PaneRow[] = typeof pane === 'string' ? pane.split('\n').map((text) => ({ text })) : pane;
  const rows = given.map(({ text }) => text.trimEnd());
  while (rows.at(-1) === '') rows.pop();
  const isStyled = given.some(({ brightText }) => brightText !== undefined);
  const bright = given.slice(0, rows.length).map(({ text, brightText }) => (brightText ?? text).trimEnd());
  return { rows, bright: isStyled ? bright : null };
}

/** Half-open range of row numbers. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** The rows that end just above `end`, up to the next blank row; null when there are none. Blank rows are passed over. */
export function paragraphAbove(rows: readonly string[], end: number): RowRange | null {
  let to = end;
  while (to > 0 && rows[to - 1] === '') to -= 1;
  let from = to;
  while (from > 0 && rows[from - 1] !== '') from -= 1;
  return from === to ? null : { from, to };
}
