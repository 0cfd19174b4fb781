import * as z from 'zod/mini';
import { checkSchema } from '../ledger/diagnose.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { type DriftQuestion, findDrift, mendDrift } from '../supervise/reconcile.ts';
import { flag, integerWithDefault, optionalText } from './argument.ts';
import { livenessFrom } from './liveness.ts';
import { defineOperation } from './operation.ts';

const named = z.string();

/** Finds where the ledger and the machine have drifted apart, and mends it when asked. */
export const reconcile = defineOperation({
  name: 'reconcile',
  summary: 'Find dead sessions, dangling bindings and stuck tasks; mend them when asked.',
  effect: 'writes',
  inputs: {
    task: optionalText('only this task and its sessions', { placeholder: 'TASK' }),
    apply: flag('mend what was found; stuck tasks are only reported'),
    staleCyclesSeconds: integerWithDefault('after how long without a cycle a task is stuck', 3600, {
      placeholder: 'SECONDS',
    }),
  },
  output: () =>
    z.looseObject({
      schema_health: z.looseObject({ ok: z.boolean() }),
      dead_pid_sessions: z.array(
        z.object({
          name: named,
          role: named,
          pid: z.number(),
          reason: z.enum(['process_ended', 'process_replaced']),
          last_heartbeat_at: z.nullable(named),
        }),
      ),
      dangling_bindings: z.array(
        z.object({
          binding_id: named,
          task_id: named,
          task_name: named,
          gone_role: named,
          gone_session_name: named,
        }),
      ),
      orphaned_commands: z.array(
        z.object({ command_id: named, type: named, task_id: named, task_name: named, created_at: named }),
      ),
      stuck_tasks: z.array(
        z.object({ task_name: named, binding_id: named, last_cycle_at: named, age_seconds: z.number() }),
      ),
      applied: z.optional(
        z.object({
          sessions_marked_gone: z.array(named),
          bindings_marked_invalid: z.array(named),
          commands_failed: z.array(named),
          tasks_paused: z.array(named),
        }),
      ),
    }),
  run: (context, input) => {
    const { ledger, host, clock } = context;
    const question: DriftQuestion = {
      taskId: input.task === null ? null : requireTask(ledger, input.task).id,
      staleCyclesSeconds: input.staleCyclesSeconds,
      isAlive: livenessFrom(context),
      isTaken: (pid) => host.isAlive(pid),
      now: clock.now(),
    };
    const found = { schema_health: { ...checkSchema(ledger) }, ...findDrift(ledger, question) };
    return input.apply ? { ...found, applied: mendDrift(ledger, question) } : found;
  },
});
