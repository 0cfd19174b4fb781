import type { CommandEffect, DispatchDependencies, EffectOutcome } from '../dispatch/dependencies.ts';
import { Hold } from '../dispatch/hold.ts';
import { type PushOutcome, pushMessage } from '../dispatch/pushMessage.ts';
import { type ConveyorError, refuse } from '../domain/errors.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { findSessionBinding } from '../ledger/bindingStore.ts';
import type { Command } from '../ledger/commandStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import { findTask } from '../ledger/taskStore.ts';
import {
  checkCompact,
  permissionFor,
  planFacts,
  recordCompactOutcome,
  type SlashCommand,
} from '../supervise/compactRequest.ts';

export interface CompactEffectOptions {
  /** What the person allows managers: asked for each slash command. */
  readonly permits: (permission: string) => boolean;
  /** Somebody waits for the answer: what can't be sent now has failed. Otherwise it is tried again later. */
  readonly isAwaited: boolean;
  /** How long to wait for another hand to leave the pane. */
  readonly patienceMilliseconds: number;
}

/**
 * Sends what a compact request is about into the worker's terminal, outside every transaction (CP-29). The row is data, not
 * authority: the binding, the text and the permission are looked at again.
 */
export function compactEffect(deps: DispatchDependencies, options: CompactEffectOptions): CommandEffect {
  return {
    run: async (command, control) => {
      const job = readJob(deps, command, options);
      const hold = new Hold(deps, 'compact', 60_000);
      hold.keepRenewing();
      try {
        const outcome = await pushMessage(deps, {
          item: { commandId: command.id },
          taskId: command.task_id,
          correlationId: command.correlation_id,
          target: job.worker,
          message: job.text,
          permitted: job.slashCommand === null ? [] : [job.slashCommand],
          hold,
          begin: () => control.begin(),
          patienceMilliseconds: options.patienceMilliseconds,
        });
        return settle(deps, command, job, outcome, options);
      } finally {
        hold.end();
      }
    },
  };
}

interface Job {
  readonly worker: Session;
  readonly text: string;
  readonly slashCommand: SlashCommand | null;
}

function readJob({ ledger }: DispatchDependencies, command: Command, { permits }: CompactEffectOptions): Job {
  const { payload, task_id: taskId } = command;
  const task = taskId === null ? null : findTask(ledger, taskId);
  const bound = task === null ? null : findSessionBinding(ledger, task.id);
  if (task === null || bound === null || bound.worker.id !== payload.worker_session_id) {
    throw refuse('no_binding', 'the worker of this command is not bound to its task any more');
  }
  const slashCommand = slashOf(payload.slash_command);
  const text = slashCommand ?? payload.send_text;
  if (typeof text !== 'string') throw refuse('message_refused', 'this command has no text to send');
  const check = checkCompact(ledger, task, slashCommand);
  if (!check.allowed)
    throw refuse('permission_denied', `worker compact request is not allowed: ${check.reasons.join(', ')}`);
  if (slashCommand !== null && !permits(permissionFor(slashCommand))) {
    throw refuse(
      'permission_denied',
      `sending ${slashCommand} for the manager is not permitted; allow ${permissionFor(slashCommand)} in your own settings`,
    );
  }
  return { worker: bound.worker, text, slashCommand };
}

function slashOf(value: unknown): SlashCommand | null {
  return value === '/compact' || value === '/clear' ? value : null;
}

function settle(
  deps: DispatchDependencies,
  command: Command,
  job: Job,
  outcome: PushOutcome,
  { isAwaited }: CompactEffectOptions,
): EffectOutcome {
  const { ledger, clock } = deps;
  if (outcome.kind === 'deferred' && !isAwaited) {
    return { state: 'deferred', reason: outcome.reason, error: about(job.worker, outcome.sentence) };
  }
  if (outcome.kind !== 'delivered') {
    const error = failureOf(job.worker, outcome);
    ledger.write(() => recordCompactOutcome(ledger, command, { error }, clock.now()));
    return { state: 'failed', error: error.message, errorType: error.code };
  }
  const output = outputOf(command, job, clock.now());
  ledger.write(() => recordCompactOutcome(ledger, command, { output }, clock.now()));
  return { state: 'succeeded', result: output };
}

function outputOf(command: Command, { worker, text }: Job, now: number): object {
  return {
    ...planFacts(command),
    command_id: command.id,
    send_result: {
      dry_run: false,
      session: worker.name,
      side_effect_completed: true,
      side_effect_started: true,
      target: worker.tmux_session,
      text,
      time: formatTimestamp(now),
    },
  };
}

function failureOf(worker: Session, outcome: Exclude<PushOutcome, { kind: 'delivered' }>): ConveyorError {
  switch (outcome.kind) {
    case 'deferred':
      return refuse('delivery_deferred', `${about(worker, outcome.sentence)}; nothing was typed, try again`);
    case 'refused':
      return refuse(outcome.code, about(worker, outcome.sentence));
    case 'undelivered':
      return refuse('delivery_failed', about(worker, outcome.sentence));
    case 'overtaken':
      return refuse('pane_busy', about(worker, 'another process took over its pane'));
    default:
      return outcome satisfies never;
  }
}

function about({ name, tmux_session: tmux }: Session, sentence: string): string {
  return `session '${name}' (tmux session ${tmux ?? 'none'}): ${sentence}`;
}
