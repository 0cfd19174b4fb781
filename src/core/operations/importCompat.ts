import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { importCompat } from '../supervise/importCompat.ts';
import { flag, optionalText } from './argument.ts';
import { defineOperation } from './operation.ts';
import { expandHome } from './operationContext.ts';

/** Takes workers that are kept in folders over into the ledger. */
export const importCompatVerb = defineOperation({
  name: 'import-compat',
  summary: 'Take workers that are kept in folders over into the ledger; each piece once.',
  effect: 'writes',
  inputs: {
    apply: flag('do it; without it, only say what would be done'),
    worker: optionalText('only this worker', { placeholder: 'NAME' }),
    root: optionalText('folder that holds the workers; the state root when left out', { placeholder: 'FOLDER' }),
  },
  output: () =>
    z.object({
      apply: z.boolean(),
      root: z.string(),
      worker_count: z.number(),
      workers: z.array(
        z.object({
          worker: z.string(),
          action_count: z.number(),
          actions: z.array(
            z.object({
              action: z.enum([
                'upsert_worker',
                'insert_status',
                'insert_transcript_capture',
                'insert_event',
                'skip_invalid_event',
              ]),
              source: z.string(),
              worker: z.optional(z.string()),
              line: z.optional(z.number()),
              reported_before: z.optional(z.boolean()),
            }),
          ),
        }),
      ),
    }),
  run: ({ ledger, clock, cwd, variables, stateRoot }, { apply, worker, root: given }) => {
    const root = given === null ? stateRoot : resolve(cwd, expandHome(given, variables));
    const { workers, problems } = importCompat(ledger, { root, worker, apply, now: clock.now() });
    if (problems.length > 0) {
      const rest = apply ? 'everything else was imported' : 'everything else could be imported';
      throw refuse('invalid_json', `${problems.join('; ')}; ${rest}`);
    }
    return { apply, root, worker_count: workers.length, workers };
  },
  // Somebody who is asked for by name and is not there was mistyped (AT-21).
  exitStatus: ({ worker_count: count }, { worker }) => (worker !== null && count === 0 ? 1 : 0),
});
