import { refuse, type ConveyorError } from '../domain/errors.ts';

/** A message in the form in which it is pasted, and the form in which Codex will record it. */
export interface OutgoingText {
  /** With a guarding space where Codex's composer would otherwise take the text for something else. */
  readonly pasted: string;
  /** What the user turn in the rollout says. */
  readonly recorded: string;
  /** A slash command that was permitted by name; it leaves no user turn. */
  readonly isCommand: boolean;
}

/** Slash commands that a caller may permit; anything else with a slash would run whatever Codex makes of it. */
export type PermittedCommand = '/compact' | '/clear' | '/status';

/** 1 MB: a hundred times what anyone writes; far below what a paste was seen to carry. */
const MAX_CHARACTERS = 1_000_000;

/**
 * Makes a message safe to paste, or refuses it (`message_refused`). Observed on 0.169 (docs/codex.md): a space in front
 * makes text of anything and is trimmed; `!` would run a command on the person's machine without asking; `@name` and
 * `$name` at the end open a list whose first Enter completes the name instead of sending.
 */
export function prepareText(text: string, permitted: readonly PermittedCommand[] = []): OutgoingText {
  const clean = sanitise(text);
  const recorded = clean.trim();
  if (recorded === '') throw refused('it is empty; write what should be said');
  if (recorded.length > MAX_CHARACTERS) throw refused('it is longer than 1,000,000 characters; put it into a file');
  if (recorded.startsWith('!')) throw refused('it begins with "!", which makes Codex run it as a shell command');
  if ((permitted as readonly string[]).includes(recorded)) return { pasted: recorded, recorded, isCommand: true };
  if (SLASH_COMMAND.test(recorded)) {
    throw refused('it begins with a slash command; put a word in front of it if it is meant as text');
  }
  const before = /^[/?#@$]/u.test(recorded) ? ' ' : '';
  const after = /(?:^|\s)[@$]\S*$/u.test(recorded) ? ' ' : '';
  return { pasted: `${before}${recorded}${after}`, recorded, isCommand: false };
}

/** The same person's text in two places: Codex trims it, a TUI wraps it, a paste turns its line ends. */
export function isSameText(left: string, right: string): boolean {
  return collapse(left) === collapse(right);
}

/** The line buffer of a terminal takes 4095 bytes, then drops what follows. */
const LINE_BYTES = 3500;

/** For something that reads its terminal line by line: every newline would submit, so it gets one line, or a few. */
export function linesForReader(pasted: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of pasted.split(/\s+/u).filter(Boolean)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && Buffer.byteLength(longer) > LINE_BYTES) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return line === '' ? lines : [...lines, line];
}

const SLASH_COMMAND = /^\/[A-Za-z][\w-]*(?=\s|$)/u;

/** Tabs and newlines stay; every other control character would be taken out of the paste, or do something. */
function sanitise(text: string): string {
  return (
    text
      .replaceAll(/\r\n?/gu, '\n')
      .replaceAll(/[\u2028\u2029\u0085]/gu, '\n')
      // eslint-disable-next-line no-control-regex -- whole escape sequences first, so that no "[31m" is left behind
      .replaceAll(/\u001B(?:\[[\d;?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-_])/gu, '')
      // eslint-disable-next-line no-control-regex -- control characters are what this is about
      .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/gu, '')
      .replaceAll(/\p{Cs}/gu, '\uFFFD')
  );
}

function collapse(text: string): string {
  return sanitise(text).normalize('NFC').replaceAll(/\s+/gu, ' ').trim();
}

function refused(because: string): ConveyorError {
  return refuse('message_refused', `the message was not sent: ${because}`);
}
