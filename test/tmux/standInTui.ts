/**
 * A TUI that behaves at its composer as Codex was seen to: raw terminal, bracketed paste, dim placeholder, visible
 * cursor in the composer and hidden one in a dialog. Writes one `user_message` line per message that Enter sent.
 * Run as `codex` (argv[0]), with the rollout file as argument. STAND_IN holds habits, separated by commas:
 *   lazy-enter    the first Enter of each message is swallowed
 *   dialog        shows an approval question from the start; a key answers it and is written down
 *   late-dialog   the question comes as soon as text was pasted
 *   slow          draws a paste 700 ms after it came
 *   kill-typist   the first Enter kills the process whose id stands in the file STAND_IN_TYPIST, as by `kill -9`; the
 *                 message is written a moment later, as Codex does
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';

const rollout = process.argv[2] ?? '';
const habits = new Set((process.env['STAND_IN'] ?? '').split(','));
let draft = process.env['STAND_IN_DRAFT'] ?? '';
let paste: string | null = null;
let isAsking = habits.has('dialog');
let swallowed = false;

const write = (type: string, message: string): void => {
  const payload = { type, message };
  appendFileSync(rollout, `${JSON.stringify({ timestamp: new Date().toISOString(), type: 'event_msg', payload })}\n`);
};

function draw(): void {
  const rows = process.stdout.rows;
  const head = '\u001B[?25l\u001B[H\u001B[2J';
  if (isAsking) {
    const menu = ['› 1. Yes, proceed (y)', '  2. No, and tell Codex what to do differently (esc)'];
    const hint = '  Press enter to confirm or esc to cancel';
    const question = ['  Would you like to run the following command?', '', '  $ rm -rf build', '', ...menu, '', hint];
    process.stdout.write(`${head}\u001B[${rows - question.length + 1};1H${question.join('\r\n')}`);
    return;
  }
  const lines = draft === '' ? ['\u001B[2mAsk Codex to do anything\u001B[0m'] : draft.split('\n');
  const wrapped = lines.flatMap((line) => wrap(line, process.stdout.columns - 4));
  const shown = draft.length > 1000 ? [`[Pasted Content ${[...draft].length} chars]`] : wrapped;
  const composer = shown.map((line, at) => (at === 0 ? `\u001B[1m›\u001B[0m ${line}` : `  ${line}`));
  const top = rows - composer.length - 2;
  const footer = '\r\n\r\n  scripted default · /work/demo';
  const cursor = draft === '' ? 3 : (shown.at(-1) ?? '').length + 3;
  process.stdout.write(`${head}\u001B[${top};1H${composer.join('\r\n')}${footer}`);
  process.stdout.write(`\u001B[${top + composer.length - 1};${cursor}H\u001B[?25h`);
}

function wrap(line: string, width: number): string[] {
  if (line.startsWith('\u001B') || line.length <= width) return [line];
  return Array.from({ length: Math.ceil(line.length / width) }, (_, at) => line.slice(at * width, (at + 1) * width));
}

function press(key: string): void {
  if (isAsking) {
    write('answered', key);
    isAsking = false;
  } else if (key === '\r') {
    if (habits.has('lazy-enter') && !swallowed) {
      swallowed = true;
      return;
    }
    swallowed = false;
    if (draft.trim() !== '') submit(draft.trim());
    draft = '';
  } else if (key === '\u0015') draft = '';
  else draft += key;
}

function submit(message: string): void {
  const typist = process.env['STAND_IN_TYPIST'] ?? '';
  if (!habits.has('kill-typist') || !existsSync(typist)) return write('user_message', message);
  process.kill(Number(readFileSync(typist, 'utf8')), 'SIGKILL');
  rmSync(typist);
  setTimeout(() => write('user_message', message), 300);
}

function endPaste(text: string): void {
  if (isAsking) return; // swallowed, as Codex does
  draft += text;
  if (habits.has('late-dialog')) isAsking = true;
}

process.stdin.setRawMode(true);
process.stdin.setEncoding('utf8');
process.stdout.write('\u001B[?1049h\u001B[?2004h');
process.stdout.on('resize', draw);
let cut = '';
process.stdin.on('data', (chunk: string) => {
  // A mark may come in two pieces: what could be the beginning of one waits for the rest.
  // eslint-disable-next-line no-control-regex -- the marks of a bracketed paste
  const [, data = '', rest = ''] = /^([\s\S]*?)(\u001B(?:\[(?:2(?:0[01]?)?)?)?)?$/u.exec(cut + chunk) ?? [];
  cut = rest === '\u001B' && data === '' ? '' : rest;
  if (cut === '' && rest !== '') press(rest);
  // eslint-disable-next-line no-control-regex -- the marks of a bracketed paste
  for (const part of data.split(/(\u001B\[20[01]~)/u)) {
    if (part === '\u001B[200~') paste = '';
    else if (part === '\u001B[201~') {
      endPaste(paste ?? '');
      paste = null;
    } else if (paste !== null) paste += part;
    else for (const key of part) press(key);
  }
  if (habits.has('slow')) setTimeout(draw, 700);
  else draw();
});
draw();
