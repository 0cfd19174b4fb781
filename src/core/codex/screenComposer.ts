import type { ScreenComposer } from '../domain/screen.ts';
import type { PaneRows } from './paneRows.ts';

/** The composer at the bottom of a pane. */
export interface ComposerOnScreen {
  /** Row of its first line. */
  readonly from: number;
  readonly composer: ScreenComposer;
  /** What is drawn below it: footer or popup. */
  readonly below: readonly string[];
}

/**
 * The last block that begins with the composer's sign, if nothing of the history follows it. The footer's wording is
 * not looked at: only that it is indented, so that another Codex's footer is no obstacle.
 */
export function readScreenComposer({ rows, bright }: PaneRows): ComposerOnScreen | null {
  const last = rows.findLastIndex((row) => /^[›▌]/u.test(row));
  if (last === -1) return null;
  const isBar = rows[last]?.startsWith('▌') ?? false;
  const from = isBar ? firstOfRun(rows, last) : last;
  const to = isBar ? last + 1 : endOfDraft(rows, last);
  if (to === null) return null;
  const below = rows.slice(to).filter((row) => row !== '');
  // Up to 0.40 the footer is one row: ` ⏎ send …` or ` Ctrl+C again to quit`.
  if (isBar && (below.length > 1 || below.some((row) => !/^[\s⏎]/u.test(row)))) return null;
  const text = (lines: readonly string[]): string =>
    lines
      .slice(from, to)
      .map((row) => row.replace(/^(?:[›▌] ?| {2})/u, ''))
      .join('\n')
      .trimEnd();
  const drawn = text(rows);
  const content =
    drawn.trim() === ''
      ? 'empty'
      : bright === null
        ? 'placeholder_or_text'
        : text(bright).trim() === ''
          ? 'empty'
          : 'text';
  return { from, composer: { text: content === 'empty' ? '' : drawn, content, hasFooter: below.length > 0 }, below };
}

function firstOfRun(rows: readonly string[], last: number): number {
  let from = last;
  while (from > 0 && rows[from - 1]?.startsWith('▌')) from -= 1;
  return from;
}

/** A draft may hold blank lines; the last paragraph is the footer. Null when what follows is not indented. */
function endOfDraft(rows: readonly string[], from: number): number | null {
  if (rows.slice(from + 1).some((row) => row !== '' && !row.startsWith('  '))) return null;
  const lastBlank = rows.lastIndexOf('');
  return lastBlank > from ? lastBlank : rows.length;
}
