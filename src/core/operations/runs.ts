import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import type { Connection } from '../ledger/connection.ts';
import {
  insertActiveRun,
  insertPolicyRun,
  listRuns,
  requireRun,
  type Run,
  type RunStatus,
  runStatuses,
} from '../ledger/runStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { loopRunMetadataFrom } from '../loops/loopRunMetadata.ts';
import { finishRun } from '../supervise/runs.ts';
import { flag, type InputOf, optionalChoice, optionalText } from './argument.ts';
import { parseObject } from './jsonInput.ts';
import { defineOperation } from './operation.ts';
import { jsonRecord } from './outputs.ts';

const inputs = {
  create: optionalText('open a run of this task', { placeholder: 'TASK' }),
  list: flag('list runs, newest first'),
  show: optionalText('show one run', { placeholder: 'RUN' }),
  finish: optionalText('end a run', { placeholder: 'RUN' }),
  name: optionalText('name of the new run', { placeholder: 'NAME' }),
  purpose: optionalText('what the new run is for', { placeholder: 'TEXT' }),
  metadataJson: optionalText('facts about the new run, as a JSON object', { placeholder: 'OBJECT' }),
  status: optionalChoice('how it ended, or what to list', runStatuses, { placeholder: 'STATUS' }),
  task: optionalText('list only the runs of this task', { placeholder: 'TASK' }),
};

export const runOutput = (): z.ZodMiniType<Run> =>
  z.object({
    id: z.string(),
    task_id: z.string(),
    name: z.string(),
    purpose: z.nullable(z.string()),
    status: z.enum(runStatuses),
    started_at: z.string(),
    ended_at: z.nullable(z.string()),
    metadata: jsonRecord(),
  });

/** Stretches of work that telemetry is grouped by. */
export const runs = defineOperation({
  name: 'runs',
  summary: 'Open, list, show or end runs of a task.',
  effect: 'writes',
  inputs,
  exclusive: [{ names: ['create', 'list', 'show', 'finish'], required: true }],
  output: () => z.union([runOutput(), z.array(runOutput())]),
  run: ({ ledger, clock }, input): Run | Run[] => {
    if (input.create !== null) return create(ledger, input.create, input, clock.now());
    if (input.show !== null) return requireRun(ledger, input.show);
    if (input.finish !== null) return finish(ledger, input.finish, input.status ?? 'finished', clock.now());
    const taskId = input.task === null ? null : requireTask(ledger, input.task).id;
    return listRuns(ledger, { taskId, status: input.status });
  },
});

function create(ledger: Connection, reference: string, input: InputOf<typeof inputs>, now: number): Run {
  const given = input.metadataJson === null ? {} : parseObject('--metadata-json', input.metadataJson);
  const isLoop = input.purpose === 'ralph_loop' || given.kind === 'ralph_loop';
  const metadata = isLoop ? loopRunMetadataFrom(given) : given;
  return ledger.write(() => {
    const task = requireTask(ledger, reference);
    if (isLoop) return insertPolicyRun(ledger, task, { name: input.name, metadata }, now);
    return insertActiveRun(ledger, task, { name: input.name, purpose: input.purpose, metadata }, now);
  });
}

function finish(ledger: Connection, reference: string, status: RunStatus, now: number): Run {
  if (status === 'active') {
    throw refuse('invalid_value', 'runs --finish ends a run: --status must be finished, failed or abandoned');
  }
  return ledger.write(() => finishRun(ledger, requireRun(ledger, reference), status, now));
}
