import * as z from 'zod/mini';
import { ingestSession } from '../ingest/ingestSession.ts';
import { consumeByCycle, putAllBack } from '../ledger/cycleStore.ts';
import { readObservation, type StoredObservation } from '../ledger/observationStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import { runCycle, type Cycle, type CycleDependencies } from '../supervise/cycle.ts';
import { lookAtSession } from '../supervise/observe.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { integerWithDefault, positional } from './argument.ts';
import { attentionOutput } from './attentionOutput.ts';
import { livingLeader } from './livingLeader.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { tmuxAtOf } from './panes.ts';
import { isSandboxed } from './sandbox.ts';

/** What a supervisor saw is believed for so long by those who can't look themselves. */
const trustSeconds = 30;

/** One observation of a task's worker, with all that its manager should know. Changes nothing about the worker. */
export const cycle = defineOperation({
  name: 'cycle',
  summary: 'Observe the worker of a task and tell its manager what to know.',
  effect: 'writes',
  inputs: {
    task: positional('task id or name', 'TASK'),
    busyWaitSeconds: integerWithDefault('how long a worker may be silent before that is notable', 90, {
      placeholder: 'SECONDS',
    }),
  },
  output: () =>
    z.object({
      kind: z.literal('session_cycle'),
      task: z.string(),
      binding_id: z.string(),
      worker_session: z.string(),
      manager_session: z.string(),
      ingest: z.object({ new_events: z.int(), new_offset: z.int(), skipped_lines: z.int() }),
      state: z.enum(['busy', 'idle', 'unknown']),
      last_state_event_at: z.nullable(z.string()),
      staleness_seconds: z.nullable(z.number()),
      pane_signal: z.object({
        captured: z.boolean(),
        classifier: z.nullable(z.object({ pattern: z.string(), reason: z.string(), recommended_action: z.string() })),
        notable_pattern: z.nullable(z.string()),
        status_age_seconds: z.nullable(z.int()),
        reason: z.nullable(z.string()),
        degraded: z.boolean(),
      }),
      notable_pane_pattern: z.nullable(z.string()),
      worker_alive: z.nullable(z.boolean()),
      manager_alive: z.nullable(z.boolean()),
      last_event_subtype: z.nullable(z.string()),
      task_completed: z.boolean(),
      consumed_dispatch_notifications: z.int(),
      manager_context: z.unknown(),
      observed_by: z.string(),
      observation: z.unknown(),
      attention: z.extend(attentionOutput(), {
        needs: z.readonly(
          z.array(
            z.object({
              kind: z.enum(['approval', 'question', 'failed', 'stalled', 'undelivered', 'gone']),
              message: z.string(),
            }),
          ),
        ),
      }),
      deliveries: z.readonly(z.array(z.unknown())),
      notifications: z.readonly(z.array(z.unknown())),
      cycle_id: z.int(),
      cycle_started_at: z.string(),
      cycle_completed_at: z.string(),
    }),
  run: async (context, { task, busyWaitSeconds }) => {
    // A person who looks through the panel does not take the manager's mail away from it.
    const takesMail = context.surface === 'cli';
    const found = await runCycle(dependenciesOf(context), { task, busyWaitSeconds, takesMail });
    settleMail(context, found);
    return found.output;
  },
});

/** Mail counts as read once it was written out; until then, and if that fails, it is still there (OD-9, OD-12). */
function settleMail(context: OperationContext, { taken, output }: Cycle): void {
  if (taken.length === 0) return;
  context.onOutputSettled((written) => {
    if (written) consumeByCycle(context.ledger, taken, output.cycle_id, context.clock.now());
    else putAllBack(context.ledger, context, taken);
  });
}

function dependenciesOf(context: OperationContext): CycleDependencies {
  const { ledger, clock, host, program } = context;
  const sandboxed = isSandboxed(context);
  return {
    ledger,
    clock,
    host,
    program,
    ingest: (session) => ingestSession({ ledger, clock }, session),
    look: (session) => (sandboxed ? Promise.resolve(trustedObservation(context, session)) : ownLook(context, session)),
    note: sandboxed ? sandboxNote(context) : null,
  };
}

async function ownLook(context: OperationContext, session: Session): Promise<StoredObservation> {
  const { ledger, clock, host, surface } = context;
  const tmuxAt = tmuxAtOf(context);
  const { observation } = await lookAtSession({ ledger, clock, host, tmuxAt }, session);
  const observed_by = surface === 'cli' ? 'cli' : (livingLeader(context)?.holder ?? surface);
  return { ...observation, observed_at: formatTimestamp(clock.now()), observed_by, age_seconds: 0 };
}

function trustedObservation(context: OperationContext, session: Session): StoredObservation | null {
  const seen = readObservation(context.ledger, session.id, context);
  return seen !== null && seen.age_seconds !== null && seen.age_seconds <= trustSeconds ? seen : null;
}

function sandboxNote(context: OperationContext): string {
  const leader = livingLeader(context);
  if (leader !== null) return `looked from inside a sandbox: processes and panes as ${leader.holder} saw them`;
  return `no supervisor lives, and from inside a sandbox processes and panes can't be seen: open the folder in VS Code or run "${context.program} dispatch --watch" outside`;
}
