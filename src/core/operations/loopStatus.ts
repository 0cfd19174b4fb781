import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { findRunOfTask, runStatuses } from '../ledger/runStore.ts';
import { requireTask, taskStates } from '../ledger/taskStore.ts';
import { requireLoopRun } from '../loops/loopRun.ts';
import { type LoopStatus, loopRecommendations, loopStatus, loopStatusText } from '../record/loopStatus.ts';
import { flag, positional, requiredText } from './argument.ts';
import { livenessFrom } from './liveness.ts';
import { defineOperation } from './operation.ts';

const output = () => {
  const words = () => z.readonly(z.array(z.string()));
  const counts = () => z.record(z.string(), z.number());
  return z.object({
    task: z.object({ id: z.string(), name: z.string(), state: z.enum(taskStates) }),
    run: z.object({ id: z.string(), name: z.string(), status: z.enum(runStatuses) }),
    policy: z.object({
      template: z.nullable(z.string()),
      current_iteration: z.number(),
      max_iterations: z.number(),
      required_before_continue: words(),
      cleanup_policy: z.nullable(z.string()),
      advisory: z.custom<LoopStatus['policy']['advisory']>(Array.isArray),
    }),
    commands: z.object({ total: z.number(), states: counts() }),
    notifications: z.object({ total: z.number(), delivered: z.number() }),
    inbox: z.object({ worker_unconsumed: z.number() }),
    evidence: z.object({
      total: z.number(),
      types: words(),
      iteration: z.number(),
      missing: words(),
      missing_earlier: z.readonly(z.array(z.object({ iteration: z.number(), missing: words() }))),
      by_iteration: z.array(z.object({ iteration: z.number(), satisfied: words(), not_satisfied: words() })),
    }),
    telemetry: z.object({ total: z.number(), by_event_type: counts(), dispatch_inbox_consumed: z.number() }),
    failures: z.object({
      alerts: z.number(),
      failed_commands: z.number(),
      failed_cycles: z.number(),
      pane_capture_failures: z.number(),
    }),
    recommendation: z.enum(loopRecommendations),
  });
};

/** A manager's summary of one loop. */
export const loopStatusVerb = defineOperation({
  name: 'loop-status',
  summary: 'Say where a loop stands and what it still needs.',
  effect: 'reads',
  inputs: {
    task: positional('task id or name', 'TASK'),
    run: requiredText('loop run id or name', { placeholder: 'RUN' }),
    json: flag('print JSON'),
  },
  output: (): z.ZodMiniType<LoopStatus> => output(),
  run: (context, { task: reference, run: name }): LoopStatus => {
    const { ledger, clock } = context;
    const task = requireTask(ledger, reference);
    if (findRunOfTask(ledger, task.id, name) === null) {
      const list = `runs --list --task ${task.name}`;
      throw refuse('unknown_run', `run '${name}' does not belong to task '${task.name}'; list its runs with "${list}"`);
    }
    const { run, policy, remark } = requireLoopRun(ledger, task, name);
    if (remark !== null) context.warn(remark);
    const view = { ledger, now: clock.now(), isAlive: livenessFrom(context), includeContent: false, limit: 1 };
    return ledger.read(() => loopStatus(view, { task, run, policy }));
  },
  text: loopStatusText,
});
