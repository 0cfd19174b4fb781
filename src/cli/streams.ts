import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';

/** All of standard input; empty when it is a terminal. */
export function readAll(): Promise<string> {
  return process.stdin.isTTY ? Promise.resolve('') : text(process.stdin);
}

/** Writes to standard output and waits until it is flushed. 0, or 1 when nobody reads any more. */
export function writeOut(output: string): Promise<0 | 1> {
  if (output === '') return Promise.resolve(0);
  return new Promise((resolve) => {
    const lost = () => resolve(1);
    process.stdout.once('error', lost);
    process.stdout.write(output, (error) => {
      // A lost pipe is told twice: here, and a moment later as an event, which must not be unheard.
      if (!error) process.stdout.off('error', lost);
      resolve(error ? 1 : 0);
    });
  });
}

let prompts: AsyncIterator<string> | null = null;

/** Prints a question where it cannot mix with the output (CP-38) and reads one line; null at the end of input. */
export async function askOnTerminal(question: string): Promise<string | null> {
  process.stderr.write(question);
  prompts ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const { value, done } = await prompts.next();
  return done ? null : value;
}
