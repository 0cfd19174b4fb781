import * as z from 'zod/mini';
import { ingestSession } from '../ingest/ingestSession.ts';
import { requireSession } from '../ledger/sessionStore.ts';
import { positional } from './argument.ts';
import { defineOperation } from './operation.ts';

/** Reads what a session's Codex wrote since the last time. */
export const ingest = defineOperation({
  name: 'ingest',
  summary: "Read new lines of a session's rollout into the ledger.",
  effect: 'writes',
  inputs: { name: positional('name of the session', 'NAME') },
  output: () => z.object({ new_events: z.int(), new_offset: z.int(), session: z.string(), skipped_lines: z.int() }),
  run: async ({ ledger, clock }, { name }) => {
    const result = await ingestSession({ ledger, clock }, requireSession(ledger, name));
    return { session: name, ...result };
  },
});
