import type { PaneSnapshot } from '../tmux/pane.ts';
import { readStyledRows } from '../tmux/styledText.ts';

/** What the screen says about sending: only what a look at the keyboard's owner needs, not the state of the session. */
export type ScreenMood = 'idle' | 'busy' | 'dialog' | 'not_ready';

export function readScreenMood({ pane, styled }: PaneSnapshot): ScreenMood {
  if (/^\[ [!.] \] Action Required/u.test(pane.title)) return 'dialog';
  const rows = readStyledRows(styled).map((row) => row.text.trimEnd());
  const tail = rows.filter((row) => row !== '').slice(-12);
  if (tail.some((row) => /Reconnecting to server…/u.test(row))) return 'not_ready';
  if (isBusyTitle(pane.title)) return 'busy';
  return tail.some((row) => /^[•◦▌ ].*\b(?:esc|ctrl[ +]c) to interrupt\b/iu.test(row)) ? 'busy' : 'idle';
}

/** Since 0.120 a braille spinner leads the title; `run-state` says `Working` (terminal_title of our launch plan). */
export function isBusyTitle(title: string): boolean {
  return /^[\u2800-\u28FF] /u.test(title) || /(?:^|\| )Working$/u.test(title);
}
