import type { Dialog, DialogClass, DialogOption } from '../domain/screen.ts';
import { paragraphAbove } from './paneRows.ts';

/** A dialog at the bottom of a pane, and the row where it begins. */
export interface DialogOnScreen {
  readonly dialog: Dialog;
  readonly from: number;
}

interface KnownDialog {
  readonly class: DialogClass;
  /** How the first option begins. It stays on screen when a long command pushes the title out. */
  readonly firstOption: RegExp;
  /** Needed as well where the first option alone could be anything. */
  readonly title?: RegExp;
}

/** In this order; recorded from 0.20 to 0.169. Wording that only repeats the key hints is left out, it changes often. */
const KNOWN: readonly KnownDialog[] = [
  { class: 'approval_patch', firstOption: /^Yes, proceed\b/u, title: /^Would you like to make the following edits/u },
  { class: 'approval_command', firstOption: /^Yes, proceed\b/u },
  { class: 'approval_permission', firstOption: /^Yes, grant these permissions\b/u },
  {
    class: 'trust_prompt',
    firstOption: /^(?:Yes, continue|Trust and continue|Yes, allow Codex to work in this folder)\b/u,
  },
  { class: 'update_prompt', firstOption: /^Update now \(runs\b/u },
  { class: 'sign_in', firstOption: /^Sign in with ChatGPT\b/u },
  { class: 'model_migration', firstOption: /^Try new model\b/u },
  { class: 'hooks_review', firstOption: /^Review hooks\b/u },
  { class: 'rate_limit_menu', firstOption: /^Switch to /u, title: /^Approaching rate limits/u },
  { class: 'task_still_running_menu', firstOption: /^Cancel task\b/u },
  { class: 'new_worktree_question', firstOption: /^Use current Git worktree\b/u },
  { class: 'daemon_incompatible', firstOption: /^Run without daemon this time\b/u },
];

export function readDialog(rows: readonly string[]): DialogOnScreen | null {
  return readBarDialog(rows) ?? readQuestion(rows) ?? readMenu(rows);
}

const ANSWER = /^ {2}(?:(›) | {2})(\d{1,2})\. +(\S.*)$/u;

/** A question of the agent (`request_user_input`, recorded with 0.169): its own heading, answers, its own hints. */
function readQuestion(rows: readonly string[]): DialogOnScreen | null {
  if (!/^ {2}.*\benter to submit (?:answer|all)\b/u.test(rows.at(-1) ?? '')) return null;
  const from = rows.findLastIndex((row) => /^ {2}Question \d+\/\d+\b/u.test(row));
  if (from === -1 || rows.length - from > MOST_HEADER_ROWS) return null;
  const block = rows.slice(from, -1);
  const first = block.findIndex((row) => ANSWER.test(row));
  if (first === -1 || block.some((row) => row !== '' && !row.startsWith('  '))) return null;
  const options = block.slice(first).flatMap((row): DialogOption[] => {
    const match = ANSWER.exec(row);
    return match === null
      ? []
      : [{ number: Number(match[2]), label: match[3] ?? '', isMarked: match[1] !== undefined }];
  });
  return { from, dialog: { class: 'question', text: drawn(block.slice(0, first)), options } };
}

/** Up to 0.40: rows behind a bar, the options side by side. A draft would be followed by the composer's footer. */
function readBarDialog(rows: readonly string[]): DialogOnScreen | null {
  const range = paragraphAbove(rows, rows.length);
  if (range === null) return null;
  const block = rows.slice(range.from, range.to);
  if (!block.every((row) => row.startsWith('▌'))) return null;
  const [question = '', options = ''] = block.map((row) => row.slice(1).trim());
  const name = BAR_QUESTIONS[question];
  if (name === undefined) return null;
  const labels = options.split(/ {2,}/u);
  if (labels.length < 2) return null;
  const from = barHeaderStart(rows, range.from);
  return {
    from,
    dialog: {
      class: name,
      text: drawn(rows.slice(from, range.from).concat(question)),
      // Which one is marked shows in colours only; the row below explains it.
      options: labels.map((label, at) => ({ number: at + 1, label, isMarked: false })),
    },
  };
}

const BAR_QUESTIONS: Readonly<Record<string, DialogClass>> = {
  'Allow command?': 'approval_command',
  'Apply changes?': 'approval_patch',
};

/** What is asked about stands in the history above: `? Codex wants to run …`, `• Proposed Command`, and a reason. */
function barHeaderStart(rows: readonly string[], end: number): number {
  let from = end;
  for (let looked = 0; looked < 3; looked += 1) {
    const range = paragraphAbove(rows, from);
    if (range === null) break;
    from = range.from;
    if (/^(?:\? Codex wants |• Proposed )/u.test(rows[from] ?? '')) return from;
  }
  return end;
}

const OPTION = /^(?:([›>]) | {2})(\d{1,2})\. +(\S.*)$/u;
const BELOW_OPTION = /^(?: {4,}\S|\s*[↑↓]$|$)/u;
const KEY_HINT = /^\s*(?:press enter to (?:continue|confirm)|use ↑\/↓ to move|enter (?:continue|select|confirm)\b)/iu;

/** A numbered list with one marked row, then at most the key hints, then nothing. */
function readMenu(rows: readonly string[]): DialogOnScreen | null {
  const list = readOptions(rows, startOfHints(rows));
  if (list === null) return null;
  const from = headerStart(rows, list.from);
  const header = rows.slice(from, list.from);
  return { from, dialog: { class: nameDialog(list.options, header), text: drawn(header), options: list.options } };
}

/** They fill the last row; a narrow pane may break them once. */
function startOfHints(rows: readonly string[]): number {
  if (KEY_HINT.test(rows.at(-1) ?? '')) return rows.length - 1;
  return KEY_HINT.test(rows.at(-2) ?? '') && /^ {2}\S/u.test(rows.at(-1) ?? '') ? rows.length - 2 : rows.length;
}

function readOptions(rows: readonly string[], end: number): { from: number; options: DialogOption[] } | null {
  const options: DialogOption[] = [];
  let from = end;
  for (let at = end - 1; at >= 0; at -= 1) {
    const row = rows[at] ?? '';
    const match = OPTION.exec(row);
    if (match !== null) {
      const number = Number(match[2]);
      if (options[0] !== undefined && options[0].number !== number + 1) break;
      options.unshift({ number, label: match[3] ?? '', isMarked: match[1] !== undefined });
      from = at;
      if (number === 1) break;
    } else if (!BELOW_OPTION.test(row)) break;
  }
  const marked = options.filter(({ isMarked }) => isMarked).length;
  return options.length >= 2 && marked === 1 ? { from, options } : null;
}

const MOST_HEADER_ROWS = 60;

/** A dialog's own rows are indented or blank (start screens put `> ` before the first); history is not. */
function headerStart(rows: readonly string[], end: number): number {
  let from = end;
  for (let at = end - 1; at >= 0 && end - at <= MOST_HEADER_ROWS; at -= 1) {
    const row = rows[at] ?? '';
    if (row !== '' && !/^(?: {2}|> |✨)/u.test(row)) break;
    if (row !== '') from = at;
  }
  return from;
}

function nameDialog(options: readonly DialogOption[], header: readonly string[]): DialogClass {
  const first = options[0]?.number === 1 ? options[0].label : '';
  const titles = header.map((row) => row.trim());
  const isKnown = ({ firstOption, title }: KnownDialog): boolean =>
    firstOption.test(first) && (title === undefined || titles.some((row) => title.test(row)));
  return KNOWN.find(isKnown)?.class ?? 'other_menu';
}

function drawn(rows: readonly string[]): string {
  return rows
    .map((row) => row.trim())
    .join('\n')
    .replaceAll(/\n{3,}/gu, '\n\n')
    .trim();
}
