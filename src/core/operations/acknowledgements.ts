import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { type Acknowledgement, findAcknowledgement } from '../ledger/acknowledgementStore.ts';
import { type SessionRole, sessionRoles } from '../ledger/sessionStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { acknowledge } from '../supervise/acknowledge.ts';
import { flag, type InputOf, optionalText, positional } from './argument.ts';
import { givenText } from './givenText.ts';
import { readObject } from './jsonInput.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { jsonRecord } from './outputs.ts';

const inputs = {
  task: positional('task id or name', 'TASK'),
  fromStdin: flag('record the JSON object on standard input'),
  json: flag('print the latest acknowledgement'),
  correlationId: optionalText('what the acknowledgement belongs to', { placeholder: 'ID' }),
};

const output = (): z.ZodMiniType<Acknowledgement | null> =>
  z.nullable(
    z.object({
      binding_id: z.nullable(z.string()),
      correlation_id: z.nullable(z.string()),
      created_at: z.string(),
      id: z.number(),
      manager_config_revision: z.nullable(z.number()),
      payload: jsonRecord(),
      revision: z.number(),
      role: z.enum(sessionRoles),
      task_id: z.string(),
    }),
  );

export const workerAck = defineOperation({
  name: 'worker-ack',
  summary: "Record or read the worker's answer to the contract.",
  effect: 'writes',
  inputs,
  output,
  run: (context, input) => run(context, 'worker', input),
});

export const managerAck = defineOperation({
  name: 'manager-ack',
  summary: "Record or read the manager's answer to the contract.",
  effect: 'writes',
  inputs,
  output,
  run: (context, input) => run(context, 'manager', input),
});

async function run(
  context: OperationContext,
  role: SessionRole,
  { task: reference, fromStdin, json, correlationId }: InputOf<typeof inputs>,
): Promise<Acknowledgement | null> {
  const { ledger, clock } = context;
  if (!fromStdin && !json) {
    throw refuse('missing_input', `${role}-ack requires --from-stdin to write or --json to read`);
  }
  const known = requireTask(ledger, reference);
  if (!fromStdin) return findAcknowledgement(ledger, known.id, role);
  const payload = await readObject(context);
  return ledger.write(() =>
    acknowledge(
      ledger,
      requireTask(ledger, known.id),
      { role, payload, correlationId: givenText(correlationId) },
      clock.now(),
    ),
  );
}
