import * as z from 'zod/mini';
import { ConveyorError } from '../domain/errors.ts';
import { type JsonObject, ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findNewestStatus, insertStatus, upsertWorker, workerStatusStates } from '../ledger/legacyWorkerStore.ts';
import { findLogFolder, listWorkerFolders, type WorkerFolder, type WorkerStatus } from '../supervise/legacyFolder.ts';
import { flag, integerWithDefault, optionalText, positional, requiredChoice, requiredText } from './argument.ts';
import { rawFlag } from './contentClasses.ts';
import { requireFolder, requireTarget } from './legacyTarget.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { jsonRecord } from './outputs.ts';
import { tmuxOf } from './panes.ts';

/** What a worker said last: to the ledger, else in its status file. */
export function newestStatusOf({ ledger }: OperationContext, name: string, folder: WorkerFolder | null): WorkerStatus {
  const row = findNewestStatus(ledger, name);
  if (row !== null) {
    const { state, current_task, next_action, blocker, created_at } = row;
    return { state, current_task, next_action, blocker, last_update: created_at };
  }
  return (
    folder?.readStatus() ?? {
      state: 'unknown',
      current_task: null,
      next_action: null,
      blocker: null,
      last_update: null,
    }
  );
}

const listedWorker = () =>
  z.object({
    name: z.string(),
    running: z.boolean(),
    status: z.enum(['running', 'stopped']),
    state: z.enum(workerStatusStates),
    current_task: z.nullable(z.string()),
    terminal_error: z.optional(z.string()),
  });

/** The workers that are kept in folders. */
export const list = defineOperation({
  name: 'list',
  summary: 'List the workers that are kept in folders of the state root.',
  effect: 'reads',
  inputs: { json: flag('print JSON') },
  output: () => z.array(listedWorker()),
  run: (context) => Promise.all(listWorkerFolders(context.stateRoot).map((folder) => describe(context, folder))),
  text: (workers) =>
    workers
      .map(({ name, status, state, current_task: task }) => `${[name, status, state, task ?? ''].join('\t')}\n`)
      .join(''),
});

async function describe(
  context: OperationContext,
  folder: WorkerFolder,
): Promise<z.infer<ReturnType<typeof listedWorker>>> {
  const { state, current_task } = newestStatusOf(context, folder.name, folder);
  const { running, error } = await isRunning(context, folder.tmuxSession);
  const described = {
    name: folder.name,
    running,
    status: running ? 'running' : 'stopped',
    state,
    current_task,
  } as const;
  return error === null ? described : { ...described, terminal_error: error };
}

/** Whether a worker's terminal is there, and why nobody can tell when nobody can. */
export async function isRunning(context: OperationContext, session: string) {
  try {
    return { running: await tmuxOf(context).hasSession(session), error: null };
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    return { running: false, error: error.message };
  }
}

interface EventLog {
  readonly events: readonly JsonObject[];
  readonly malformed: number;
}

/** The log of one worker, a line each. Of a registered session it tells that it was stopped. */
export const events = defineOperation({
  name: 'events',
  summary: 'Print the log of a worker, one JSON object a line.',
  effect: 'reads',
  inputs: {
    name: positional('name of the worker', 'NAME'),
    limit: integerWithDefault('only the last so many; 0 for all', 0),
    type: optionalText('only events of this type', { placeholder: 'TYPE' }),
    raw: rawFlag,
  },
  output: (): z.ZodMiniType<EventLog> => z.object({ events: z.array(jsonRecord()), malformed: z.number() }),
  run: (context, { name, limit, type }): EventLog => {
    requireTarget(context, name);
    const log = findLogFolder(context.stateRoot, name)?.readEvents() ?? { events: [], malformed: 0 };
    const wanted = log.events.filter((event) => type === null || event.type === type);
    return { ...log, events: limit > 0 ? wanted.slice(-limit) : wanted };
  },
  text: ({ events: shown }) => shown.map((event) => `${ledgerJson(event)}\n`).join(''),
  notice: ({ malformed }) => (malformed === 0 ? null : `${malformed} malformed event line(s) skipped`),
});

const statusOutput = () =>
  z.object({
    state: z.enum(workerStatusStates),
    current_task: z.nullable(z.string()),
    next_action: z.nullable(z.string()),
    blocker: z.nullable(z.string()),
    last_update: z.nullable(z.string()),
  });

/** A worker says where it stands. The ledger counts; the file is for those who still read it. */
export const updateStatus = defineOperation({
  name: 'update-status',
  summary: 'Say where a worker stands.',
  effect: 'writes',
  inputs: {
    name: positional('name of the worker', 'NAME'),
    state: requiredChoice('what it is doing', workerStatusStates, { placeholder: 'STATE' }),
    currentTask: requiredText('what it is at', { placeholder: 'TEXT' }),
    nextAction: requiredText('what comes next', { placeholder: 'TEXT' }),
    blocker: optionalText('what it needs to go on', { placeholder: 'TEXT' }),
  },
  output: statusOutput,
  run: (context, { name, state, currentTask, nextAction, blocker }): WorkerStatus => {
    const folder = requireFolder(context, name);
    const now = context.clock.now();
    const said = { state, current_task: currentTask, next_action: nextAction, blocker };
    const status: WorkerStatus = { ...said, last_update: formatTimestamp(now) };
    context.ledger.write(() => {
      const workerId = upsertWorker(context.ledger, factsOf(folder), 'active', now);
      insertStatus(context.ledger, workerId, said, now);
      const event = { type: 'status_updated', actor: 'worker', payload: { ...said, worker: name } };
      recordEvent(context.ledger, event, now);
    });
    folder.writeStatus(status);
    folder.appendEvent('status_updated', said, now);
    return status;
  },
});

/** A worker's row as its folder tells it. */
export function factsOf(folder: WorkerFolder) {
  const config = folder.readConfig();
  return {
    name: folder.name,
    cwd: config.cwd ?? '',
    tmuxSession: folder.tmuxSession,
    tmuxPaneId: config.tmux_pane_id ?? null,
    identityToken: config.identity_token ?? `workerctl-of-${folder.name}`,
  };
}
