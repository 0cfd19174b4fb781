import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { type Attempt, listAttempts } from '../ledger/attemptStore.ts';
import { type BriefCommand, listCommandBriefs, listCommands, type ListedCommand } from '../ledger/commandQueueStore.ts';
import { commandStates } from '../ledger/commandStore.ts';
import { flag, optionalChoice, optionalInteger, optionalText } from './argument.ts';
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

type Listed = (ListedCommand | BriefCommand) & { readonly attempt_history?: Omit<Attempt, 'command_id'>[] };

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
    limit: optionalInteger('only the newest so many'),
    attempts: flag('with the history of attempts'),
    raw: rawFlag,
    json: flag('print JSON'),
  },
  output: () =>
    z.array(
      z.looseObject({
        id: z.string(),
        type: z.string(),
        state: z.enum(commandStates),
        task_name: z.nullable(z.string()),
        // With --json only: as text, thousands of commands are listed without reading what they carry.
        idempotency_key: z.exactOptional(z.string()),
        task_id: z.exactOptional(z.nullable(z.string())),
        payload: z.exactOptional(jsonRecord()),
        result: z.exactOptional(z.nullable(jsonRecord())),
        error: z.exactOptional(z.nullable(z.string())),
        attempt_history: z.exactOptional(z.array(attempt())),
      }),
    ),
  run: ({ ledger }, { attempts, json, raw: _raw, ...filter }): Listed[] =>
    ledger.read(() => {
      if (filter.limit !== null && filter.limit < 0)
        throw refuse('invalid_value', `--limit must not be negative, as ${filter.limit} is`);
      const listed = (json ? listCommands : listCommandBriefs)(ledger, filter);
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
  text: (output) => {
    // Tens of thousands at once: no array of lines, and none for each.
    let lines = '';
    for (const { id, state, type, task_name, attempt_history: history } of output) {
      lines += `${id}\t${state}\t${type}\t${task_name ?? '-'}`;
      if (history !== undefined)
        lines += `\tattempt_history=${history.length}\tlast_attempt=${history.at(-1)?.state ?? '-'}`;
      lines += '\n';
    }
    return lines;
  },
});

function withoutCommand({ command_id: _id, ...attempt }: Attempt) {
  return attempt;
}
