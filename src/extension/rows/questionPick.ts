import type { SessionQuestion } from '../../protocol/snapshot.ts';
import { plainWords } from './plainWords.ts';

export interface QuestionPick {
  readonly title: string;
  /** All that is asked, in rows that a pick shows to their end. */
  readonly lines: readonly string[];
  readonly options: readonly { readonly label: string; readonly number: number }[];
}

/** So many characters fit into a row of a pick. What stands beyond would be cut off, and approved unread. */
const rowLength = 76;

/** A question of a session's screen as a pick: what is asked, to the last word, then the options. */
export function questionPick(session: string, { dialog, text, options }: SessionQuestion): QuestionPick {
  const named = options.map(({ number, label }) => ({ number, label: `${number}. ${label}` }));
  // An answer that doesn't fit into its row stands in full above.
  const long = named.flatMap(({ label }) => (label.length > rowLength ? [label] : []));
  const lines = [...text.split('\n').filter((line) => line.trim() !== ''), ...long];
  return {
    title: `${session} · ${dialogWords(dialog)}`,
    lines: lines.flatMap(inRows).map(plainWords),
    options: named.map(({ number, label }) => ({ number, label: plainWords(label) })),
  };
}

/** In one line, for a notification. */
export function questionLine({ text, dialog }: SessionQuestion): string {
  const words = text.replaceAll(/\s+/g, ' ').trim();
  const line = words === '' ? dialogWords(dialog) : words;
  return line.length > mostInLine ? `${line.slice(0, mostInLine)}…` : line;
}

const mostInLine = 160;

/** `approval_command` → approval of a command; `trust_prompt` → trust prompt. */
function dialogWords(dialog: string): string {
  return dialog.replaceAll('_', ' ').replace(/^approval /, 'approval of a ');
}

/** Broken between words where there are any. */
function inRows(line: string): readonly string[] {
  const rows: string[] = [];
  let rest = line.trimEnd();
  while (rest.length > rowLength) {
    const space = rest.lastIndexOf(' ', rowLength);
    const end = space > rowLength / 2 ? space : rowLength;
    rows.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...rows, rest];
}
