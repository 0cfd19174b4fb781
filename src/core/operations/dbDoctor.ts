import * as z from 'zod/mini';
import { diagnoseLedger } from '../ledger/diagnose.ts';
import { defineOperation } from './operation.ts';

/** Says whether the ledger is sound and fit to be shared with agent-conveyor 0.1.0. */
export const dbDoctor = defineOperation({
  name: 'db-doctor',
  summary: 'Check the ledger.',
  effect: 'reads',
  inputs: {},
  output: () =>
    z.object({
      ok: z.boolean(),
      path: z.string(),
      schema_version: z.nullable(z.number()),
      user_version: z.number(),
      checks: z.array(z.looseObject({ name: z.string(), ok: z.boolean() })),
    }),
  run: ({ ledger }) => diagnoseLedger(ledger),
  exitStatus: ({ ok }) => (ok ? 0 : 1),
});
