import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import type { LoopPolicy } from '../domain/loopPolicy.ts';
import { requirePermissions } from '../domain/permissions.ts';
import { enqueueCommand } from '../ledger/commandQueueStore.ts';
import { requireTask, type Task } from '../ledger/taskStore.ts';
import { requireLoopRun } from '../loops/loopRun.ts';
import {
  flag,
  type InputOf,
  optionalInteger,
  optionalText,
  positional,
  requiredInteger,
  requiredText,
} from './argument.ts';
import { givenText } from './givenText.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { jsonRecord } from './outputs.ts';

const common = {
  task: positional('task id or name', 'TASK'),
  message: requiredText('what to say', { placeholder: 'TEXT' }),
  correlationId: optionalText('id that ties this to other records', { placeholder: 'ID' }),
  requiredPermission: optionalText('permission that the contract must grant', { placeholder: 'NAME' }),
  idempotencyKey: optionalText('a repeated key answers with the command it made before', { placeholder: 'KEY' }),
};
const json = { json: flag('print JSON') };
type CommonInput = InputOf<typeof common>;

const queuedKeys = {
  command_id: z.string(),
  command_type: z.string(),
  correlation_id: z.nullable(z.string()),
  required_permission: z.nullable(z.string()),
  task: z.string(),
  already_queued: z.boolean(),
};
const queued = () => z.object(queuedKeys);
type Queued = z.infer<ReturnType<typeof queued>>;

/** Queues a message for the manager of a task. */
export const enqueueNotifyManager = defineOperation({
  name: 'enqueue-notify-manager',
  summary: 'Queue a message for the manager of a task.',
  effect: 'writes',
  inputs: { ...common, ...json },
  output: queued,
  text: describe,
  run: (context, input) => enqueue(context, 'notify_manager', input, {}),
});

/** Queues a message for the worker of a task. */
export const enqueueNudgeWorker = defineOperation({
  name: 'enqueue-nudge-worker',
  summary: 'Queue a message for the worker of a task.',
  effect: 'writes',
  inputs: { ...common, ...json },
  output: queued,
  text: describe,
  run: (context, input) => enqueue(context, 'nudge_worker', input, {}),
});

/** Queues the next iteration of a loop; dispatch asks for its evidence. */
export const enqueueContinueIteration = defineOperation({
  name: 'enqueue-continue-iteration',
  summary: 'Queue the next iteration of a loop for the worker of a task.',
  effect: 'writes',
  inputs: {
    ...common,
    loopRun: requiredText('loop run id or name', { placeholder: 'RUN' }),
    requestedIteration: requiredInteger('iteration to go on with', { placeholder: 'N' }),
    managerDecisionId: optionalInteger('decision that this carries out', { placeholder: 'ID' }),
    ...json,
  },
  output: () =>
    z.object({
      ...queuedKeys,
      loop_policy: jsonRecord(),
      loop_run_id: z.string(),
      manager_decision_id: z.nullable(z.number()),
      requested_iteration: z.number(),
    }),
  text: describe,
  run: (context, input) => {
    const task = requireTask(context.ledger, input.task);
    const policy = { ...requireNextIteration(context, task, input.loopRun, input.requestedIteration) };
    const decision = input.managerDecisionId;
    const payload = {
      loop_policy: policy,
      ralph_loop: { requested_iteration: input.requestedIteration, run_id: policy.run_id },
      ...(decision === null ? {} : { manager_decision: { decision_id: decision } }),
    };
    return {
      ...enqueue(context, 'continue_iteration', input, payload),
      loop_policy: policy,
      loop_run_id: policy.run_id,
      manager_decision_id: decision,
      requested_iteration: input.requestedIteration,
    };
  },
});

function enqueue(context: OperationContext, type: string, input: CommonInput, payload: JsonObject): Queued {
  const { ledger, clock } = context;
  if (input.message.trim() === '') throw refuse('missing_input', '--message: message must be non-empty');
  checkPermission(input.requiredPermission);
  return ledger.write(() => {
    const task = requireTask(ledger, input.task);
    const { command, isNew } = enqueueCommand(
      ledger,
      {
        type,
        taskId: task.id,
        payload: { message: input.message, ...payload },
        correlationId: givenText(input.correlationId),
        requiredPermission: input.requiredPermission,
        idempotencyKey: givenText(input.idempotencyKey),
      },
      clock.now(),
    );
    if (!isNew && (command.type !== type || command.task_id !== task.id)) {
      throw refuse(
        'invalid_value',
        `--idempotency-key ${input.idempotencyKey} belongs to another command (${command.type} ${command.id}); choose another key`,
      );
    }
    return {
      command_id: command.id,
      command_type: command.type,
      correlation_id: command.correlation_id,
      required_permission: command.required_permission,
      task: input.task,
      already_queued: !isNew,
    };
  });
}

function checkPermission(name: string | null): void {
  if (name === null) return;
  if (name.trim() === '')
    throw refuse('permission_unknown', '--required-permission: required_permission must be non-empty');
  requirePermissions(name);
}

function requireNextIteration(context: OperationContext, task: Task, reference: string, requested: number): LoopPolicy {
  const { policy, remark } = requireLoopRun(context.ledger, task, reference, 'the requested task');
  if (remark !== null) context.warn(remark);
  const { current_iteration: current } = policy;
  if (requested <= current) {
    throw refuse(
      'loop_policy',
      `requested_iteration must be greater than current_iteration (${requested} <= ${current})`,
    );
  }
  return policy;
}

function describe({ command_type, command_id, already_queued }: Queued): string {
  return `${already_queued ? 'already queued' : 'queued'} ${command_type} command ${command_id}\n`;
}
