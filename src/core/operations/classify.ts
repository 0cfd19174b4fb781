import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { classifyBusyWait, classifyStartup } from '../codex/classifyPane.ts';
import { refuse } from '../domain/errors.ts';
import { integerWithDefault, optionalText } from './argument.ts';
import { defineOperation } from './operation.ts';
import { expandHome, type OperationContext } from './operationContext.ts';

/** Says what terminal text means: for whoever wants to know what a cycle would make of it. Touches no ledger. */
export const classify = defineOperation({
  name: 'classify',
  summary: 'Say what the text of a terminal means.',
  effect: 'reads',
  inputs: {
    text: optionalText('the text itself', { placeholder: 'TEXT' }),
    file: optionalText('a file with the text; standard input when neither is given', { placeholder: 'FILE' }),
    statusAgeSeconds: integerWithDefault('age of the last state event', 90, { placeholder: 'SECONDS' }),
    busyWaitSeconds: integerWithDefault('how long a worker may be silent before that is notable', 90, {
      placeholder: 'SECONDS',
    }),
  },
  output: () =>
    z.object({
      busy_wait: z.nullable(z.object({ pattern: z.string(), reason: z.string(), recommended_action: z.string() })),
      busy_wait_seconds: z.int(),
      startup: z.string(),
      startup_reason: z.string(),
      status_age_seconds: z.int(),
    }),
  run: async (context, { text, file, statusAgeSeconds, busyWaitSeconds }) => {
    const shown = text ?? (file === null ? await context.readStdin() : readText(context, file));
    return {
      busy_wait: classifyBusyWait({ text: shown, statusAgeSeconds, busyWaitSeconds }),
      busy_wait_seconds: busyWaitSeconds,
      ...classifyStartup(shown),
      status_age_seconds: statusAgeSeconds,
    };
  },
});

function readText({ cwd, variables }: OperationContext, file: string): string {
  const path = resolve(cwd, expandHome(file, variables));
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw refuse('file_unreadable', `cannot read ${path} (${code})`, { cause: error });
  }
}
