import * as z from 'zod/mini';
import { requireSession } from '../ledger/sessionStore.ts';
import { recordLook } from '../ledger/signalStore.ts';
import { positional } from './argument.ts';
import { defineOperation } from './operation.ts';

/** The person has seen what a session had to say: its ended turn is no news any more. */
export const markRead = defineOperation({
  name: 'mark-read',
  summary: 'Say that you have seen what a session had to say.',
  effect: 'writes',
  inputs: { name: positional('name of the session', 'NAME') },
  output: () => z.object({ name: z.string(), read_at: z.string() }),
  run: ({ ledger, clock }, { name }) => {
    const session = requireSession(ledger, name);
    const now = clock.now();
    ledger.write(() => recordLook(ledger, session.id, now));
    return { name, read_at: new Date(now).toISOString() };
  },
  text: ({ name }) => `${name} is read.\n`,
});
