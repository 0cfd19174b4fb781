import * as z from 'zod/mini';
import type { Connection } from '../ledger/connection.ts';
import { findBudget, type Task } from '../ledger/taskStore.ts';
import { listedTask } from './tasks.ts';
import { discover as search, type Suggestion } from '../supervise/discover.ts';
import { flag, integerWithDefault, optionalPositional } from './argument.ts';
import { defineOperation } from './operation.ts';
import { jsonRecord } from './outputs.ts';
import { sessionOutput } from './sessions.ts';

const bindingOutput = () =>
  z.object({
    created_at: z.string(),
    id: z.string(),
    manager_name: z.string(),
    manager_state: z.string(),
    manager_tmux_session: z.nullable(z.string()),
    state: z.string(),
    task_goal: z.string(),
    task_name: z.string(),
    worker_name: z.string(),
    worker_state: z.string(),
    worker_tmux_session: z.nullable(z.string()),
  });

const telemetryOutput = () =>
  z.object({
    actor: z.string(),
    attributes: jsonRecord(),
    correlation: jsonRecord(),
    event_type: z.string(),
    id: z.string(),
    run_id: z.nullable(z.string()),
    severity: z.string(),
    summary: z.string(),
    task_id: z.nullable(z.string()),
    timestamp: z.string(),
  });

const suggestionOutput = (): z.ZodMiniType<Suggestion> =>
  z.union([
    z.object({
      kind: z.literal('bind'),
      command: z.string(),
      task: z.string(),
      worker: z.string(),
      manager: z.string(),
    }),
    z.object({ kind: z.enum(['register-worker', 'register-manager']), prompt: z.string() }),
  ]);

const output = () =>
  z.object({
    bindings: z.array(bindingOutput()),
    query: z.string(),
    sessions: z.array(sessionOutput()),
    suggestions: z.readonly(z.array(suggestionOutput())),
    tasks: z.array(listedTask()),
    telemetry: z.readonly(z.array(telemetryOutput())),
  });

/** Masked, and long enough to be taken for one: the answer gets pasted into chats (CP-49, CP-50). */
const maskedToken = '[REDACTED:identity_token]';

/** Finds tasks, sessions, bindings and telemetry by words, and says what to do next. */
export const discover = defineOperation({
  name: 'discover',
  summary: 'Find tasks, sessions, bindings and telemetry by words.',
  effect: 'reads',
  inputs: {
    query: optionalPositional('words to look for; everything when left out', 'QUERY'),
    all: flag('also ended tasks and gone sessions'),
    limit: integerWithDefault('how many of each', 10, { placeholder: 'N' }),
  },
  output,
  run: ({ ledger }, { query, all, limit }) => {
    const text = (query ?? '').trim();
    const found = ledger.read(() => search(ledger, { text, includeEnded: all, limit }));
    return {
      bindings: found.bindings.map(({ task_id: _task, ...names }) => names),
      query: text,
      sessions: found.sessions.map((session) => ({ ...session, identity_token: maskedToken })),
      suggestions: found.suggestions,
      tasks: found.tasks.map((task) => withBudget(ledger, task)),
      telemetry: found.telemetry,
    };
  },
});

function withBudget(ledger: Connection, task: Task) {
  const budget = findBudget(ledger, task.id);
  return {
    ...task,
    budget: budget === null ? null : { ...budget, nudges_remaining: budget.max_nudges - budget.nudges_used },
  };
}
