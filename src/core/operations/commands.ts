import * as z from 'zod/mini';
import { type Attempt, listAttempts } from '../ledger/attemptStore.ts';
import { listCommands } from '../ledger/commandQueueStore.ts';
import { commandStates } from '../ledger/commandStore.ts';
import { flag, optionalChoice, optionalText } from './argument.ts';
import { rawFlag } from './contentClasses.ts';
import { defineOperation } from './operation.ts';
import { jsonRecord } from './outputs.ts';

const attempt = () =>
  z.object({
    id: z.number(),
    correlation_id: z.string(),
    dispatcher_id: z.string(),
    started_at: z.string(),
    finished_at: z.nullable(z.string()),
    state: z.string(),
    result: z.nullable(jsonRecord()),
    error: z.nullable(z.string()),
    side_effect_started: z.boolean(),
    side_effect_completed: z.boolean(),
  });

/** Lists the queue: what waits, what was done, and how often it was tried. */
export const commands = defineOperation({
  name: 'commands',
  summary: 'List queued and finished commands.',
  effect: 'reads',
  inputs: {
    task: optionalText('only of this task', { placeholder: 'TASK' }),
    state: optionalChoice('only in this state', commandStates, { placeholder: 'STATE' }),
    type: optionalText('only of this type', { placeholder: 'TYPE' }),
    worker: optionalText('only of this legacy worker', { placeholder: 'ID' }),
    manager: optionalText('only of this legacy manager', { placeholder: 'ID' }),
    attempts: flag('with the history of attempts'),
    raw: rawFlag,
    json: flag('print JSON'),
  },
  output: () =>
    z.array(
      z.looseObject({
        id: z.string(),
        idempotency_key: z.string(),
        type: z.string(),
        state: z.enum(commandStates),
        task_id: z.nullable(z.string()),
        task_name: z.nullable(z.string()),
        payload: jsonRecord(),
        result: z.nullable(jsonRecord()),
        error: z.nullable(z.string()),
        attempt_history: z.exactOptional(z.array(attempt())),
      }),
    ),
  run: ({ ledger }, { attempts, json: _json, raw: _raw, ...filter }) =>
    ledger.read(() => {
      const listed = listCommands(ledger, filter);
      if (!attempts) return listed;
      const history = listAttempts(
        ledger,
        listed.map(({ id }) => id),
      );
      return listed.map((command) => ({
        ...command,
        attempt_history: (history.get(command.id) ?? []).map(withoutCommand),
      }));
    }),
  text: (output) =>
    output
      .map(({ id, state, type, task_name, attempt_history: history }) => {
        const tried =
          history === undefined
            ? []
            : [`attempt_history=${history.length}`, `last_attempt=${history.at(-1)?.state ?? '-'}`];
        return `${[id, state, type, task_name ?? '-', ...tried].join('\t')}\n`;
      })
      .join(''),
});

function withoutCommand({ command_id: _id, ...attempt }: Attempt) {
  return attempt;
}
