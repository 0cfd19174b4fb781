import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import * as z from 'zod/mini';
import { main } from '../../../src/cli/main.ts';

// Runs many command lines in one process, for tests that need hundreds of them: a list of argument lists on standard
// input, and the file for the answers as the argument.

/** What one command line printed, both streams in the order of writing. */
export const commandLineAnswers = z.array(z.object({ status: z.number(), printed: z.string() }));
export const commandLineProgram = import.meta.filename;

async function answerAll(lines: readonly (readonly string[])[], file: string): Promise<void> {
  const answers: z.infer<typeof commandLineAnswers> = [];
  process.setMaxListeners(0);
  for (const argv of lines) {
    let printed = '';
    const keep = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
      printed += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      const flushed = rest.at(-1);
      if (typeof flushed === 'function') setImmediate(() => void flushed());
      return true;
    };
    Object.assign(process.stdout, { write: keep });
    Object.assign(process.stderr, { write: keep });
    answers.push({ status: await main(argv), printed });
  }
  writeFileSync(file, JSON.stringify(answers));
}

if (process.argv[1] === import.meta.filename) {
  const lines = z.array(z.array(z.string())).parse(JSON.parse(await text(process.stdin)));
  await answerAll(lines, process.argv[2] ?? 'answers.json');
}
