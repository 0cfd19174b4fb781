import type { PaneSnapshot } from '../tmux/pane.ts';
import { readStyledRows, type StyledRow } from '../tmux/styledText.ts';

/**
 * Codex's composer as a screen shows it, recognised by structure and not by the words around it: the visible cursor
 * stands in a block that begins with the composer's sign. Dialogs and pagers hide the cursor.
 */
export type ComposerReading =
  | {
      readonly kind: 'composer';
      /** Nothing typed: the rest of the row is blank, or dim like a placeholder. */
      readonly isEmpty: boolean;
      /** The rows of the draft up to the cursor, as drawn: wrapped, indentation taken off. */
      readonly draft: string;
      /** No sign of the composer above the draft. Only whoever has just pasted a long text may take it for one. */
      readonly isHeadless: boolean;
    }
  | { readonly kind: 'none'; readonly because: 'cursor_hidden' | 'no_prompt' | 'menu' };

/** `›` since 0.60; before, `▌` stands at the head of each row of the composer. */
const PROMPT = /^[›▌]/u;
const MENU_ROW = /^› \d+\. /u;
const CONTINUATION = /^(?: {2}|$)/u;

/** A TUI takes pastes; a stand-in that is a script reads its terminal line by line, and the terminal draws the draft. */
export type ComposerStyle = 'pastes' | 'lines';

export function readComposer({ pane, styled }: PaneSnapshot, style: ComposerStyle = 'pastes'): ComposerReading {
  if (!pane.isCursorVisible) return { kind: 'none', because: 'cursor_hidden' };
  const rows = readStyledRows(styled);
  const cursor = pane.cursorRow;
  const first = style === 'lines' ? linePrompt(rows, cursor) : promptRow(rows, cursor);
  if (first === null) return cutDraft(rows, cursor);
  const prompt = rowAt(rows, first);
  // Bright text only: placeholders and the arrow of a draft that is scrolled are dim.
  const body = rows.slice(first, cursor + 1).map((row) => bodyOf(row.brightText));
  const isEmpty = cursor === first && body.join('').trim() === '' && !isDraftRow(rowAt(rows, cursor + 1));
  // A menu's marked row looks like a draft that begins with a number, but the cursor isn't in it.
  if (MENU_ROW.test(prompt.text) && cursor !== first) return { kind: 'none', because: 'menu' };
  return { kind: 'composer', isEmpty, draft: isEmpty ? '' : body.join('\n'), isHeadless: false };
}

/**
 * Is this the text that was pasted? Whitespace is where the composer wraps and is not compared; signs that a terminal
 * draws in its own way (joined emoji, variants) are left out on both sides. Codex shows long pastes by their length.
 */
export function showsText(composer: ComposerReading, text: string): boolean {
  if (composer.kind !== 'composer' || composer.isEmpty) return false;
  const drawn = comparable(composer.draft);
  const expected = comparable(text);
  if (drawn === '') return composer.draft.trim() !== '' && expected === '';
  if (drawn === expected) return true;
  const pasted = /^\s*\[Pasted Content (\d+) chars\](?: #\d+)?\s*$/u.exec(composer.draft);
  if (pasted !== null) return Number(pasted[1]) === [...text].length;
  // A composer shows only so many rows; of a longer text it shows the end, where the cursor is.
  const mayBeCut = composer.isHeadless || composer.draft.split('\n').length >= CUT_ROWS;
  return mayBeCut && drawn.length >= SAFE_TAIL && expected.endsWith(drawn);
}

/** The very text, all of it in sight: what an attempt that was cut off left behind, and nobody else typed. */
export function holdsExactly(composer: ComposerReading, text: string): boolean {
  if (composer.kind !== 'composer' || composer.isEmpty || composer.isHeadless) return false;
  const drawn = comparable(composer.draft);
  return drawn !== '' && drawn === comparable(text);
}

/** Composers of the smallest panes that were tried still showed as many rows. */
const CUT_ROWS = 3;
/** So much of a text's end, seen at the cursor of a composer that was empty, says that the text is there. */
const SAFE_TAIL = 12;

function promptRow(rows: readonly StyledRow[], cursor: number): number | null {
  for (let at = cursor; at >= 0; at -= 1) {
    const row = rowAt(rows, at);
    if (PROMPT.test(row.text)) {
      // The person's earlier messages begin with the same sign, but dim.
      if (row.startsDim) return null;
      return row.text.startsWith('▌') ? firstBarRow(rows, at) : at;
    }
    if (!CONTINUATION.test(row.text)) return null;
  }
  return null;
}

function linePrompt(rows: readonly StyledRow[], cursor: number): number | null {
  const first = rows.slice(0, cursor + 1).findLastIndex((row) => /^›(?: |$)/u.test(row.text));
  return first === -1 ? null : first;
}

function firstBarRow(rows: readonly StyledRow[], from: number): number {
  let first = from;
  while (first > 0 && rowAt(rows, first - 1).text.startsWith('▌')) first -= 1;
  return first;
}

/** No sign above the cursor: either no composer, or one whose top rows scrolled away. Only `showsText` may believe it. */
function cutDraft(rows: readonly StyledRow[], cursor: number): ComposerReading {
  const block: string[] = [];
  for (let at = cursor; at >= 0 && /^ {2}\S/u.test(rowAt(rows, at).text); at -= 1)
    block.unshift(bodyOf(rowAt(rows, at).brightText));
  if (block.length < 2) return { kind: 'none', because: 'no_prompt' };
  return { kind: 'composer', isEmpty: false, draft: block.join('\n'), isHeadless: true };
}

function rowAt(rows: readonly StyledRow[], at: number): StyledRow {
  return rows[at] ?? { text: '', brightText: '', startsDim: false };
}

function isDraftRow(row: StyledRow): boolean {
  return /^(?: {2}|▌ ?)\S/u.test(row.brightText);
}

function bodyOf(row: string): string {
  return row.replace(/^(?:[›▌] ?| {2})/u, '').trimEnd();
}

function comparable(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/[\s\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Mark}\p{Cf}\p{Cc}\p{Co}]/gu, '')
    .replaceAll('\uFFFD', '');
}
