import * as z from 'zod/mini';
import { claimCommand, type ClaimedCommand } from '../dispatch/commandSteps.ts';
import type { DispatchDependencies, PassOptions } from '../dispatch/dependencies.ts';
import { carryOutEffect } from '../dispatch/otherEffect.ts';
import { prepareText } from '../delivery/messageText.ts';
import { ConveyorError, refuse } from '../domain/errors.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { requireSessionBinding } from '../ledger/bindingStore.ts';
import { touchSequence } from '../ledger/commandQueueStore.ts';
import { findCommand, finishCommand, startCommand } from '../ledger/commandStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import {
  type CompactOutput,
  type CompactPlan,
  type CompactRequest,
  planCompact,
  type PlannedCompact,
  recordCompactOutcome,
  type SendResult,
  type SlashCommand,
} from '../supervise/compactRequest.ts';
import { recordDecision } from '../supervise/decisions.ts';
import { flag, optionalInteger, optionalText, positional, requiredText } from './argument.ts';
import { compactEffect } from './compactEffect.ts';
import { dispatchDependenciesOf } from './dispatchDependencies.ts';
import { livingLeader } from './livingLeader.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { tmuxAtOf } from './panes.ts';
import { isSandboxed } from './sandbox.ts';

const common = {
  task: positional('task id or name', 'TASK'),
  clear: flag('send /clear instead of /compact'),
  promptOnly: flag('send a message instead of a slash command'),
  message: optionalText('the message', { placeholder: 'TEXT' }),
  dryRun: flag('check everything and send nothing'),
};

const output = () =>
  z.custom<CompactOutput>(
    (value) =>
      z
        .looseObject({
          command_id: z.string(),
          manager_decision: z.looseObject({ ok: z.boolean() }),
          message: z.string(),
          permission_check: z.looseObject({ allowed: z.boolean() }),
          send_result: z.looseObject({ side_effect_completed: z.boolean(), text: z.string() }),
          send_text: z.string(),
          slash_command: z.nullable(z.enum(['/compact', '/clear'])),
          task: z.string(),
          worker_session: z.string(),
        })
        .safeParse(value).success,
  );

/** Sends the worker a command that makes room in its context, on the strength of a recorded decision. */
export const requestWorkerCompact = defineOperation({
  name: 'request-worker-compact',
  summary: 'Send the worker /compact, /clear, or a message about its context.',
  effect: 'acts',
  inputs: {
    ...common,
    decisionId: optionalInteger('the recorded decision to nudge', { placeholder: 'ID' }),
    strictDecisions: flag('refuse without a fresh decision to nudge'),
  },
  output,
  run: (context, input) =>
    request(context, {
      reference: input.task,
      slashCommand: slashCommandOf(input),
      message: input.message,
      decisionId: input.decisionId,
      strictDecisions: input.strictDecisions,
      isDryRun: input.dryRun,
    }),
});

/** The same, with the decision recorded on the way. */
export const compactWorker = defineOperation({
  name: 'compact-worker',
  summary: "Decide to make room in the worker's context, and have it done.",
  effect: 'acts',
  inputs: {
    ...common,
    reason: requiredText('why', { placeholder: 'TEXT' }),
    cycleId: optionalInteger('the cycle that led to it', { placeholder: 'ID' }),
  },
  output,
  run: (context, input) => {
    const { ledger, clock } = context;
    const slashCommand = slashCommandOf(input);
    const decision = ledger.write(() => {
      const task = requireTask(ledger, input.task);
      // What was decided, also when only a message about it is sent.
      const payload = { source: 'compact-worker', slash_command: input.clear ? '/clear' : slashCommand };
      const note = { decision: 'nudge', reason: input.reason, cycleId: input.cycleId, payload } as const;
      return recordDecision(ledger, task, note, clock.now());
    });
    return request(context, {
      reference: input.task,
      slashCommand,
      message: input.message,
      decisionId: decision.id,
      strictDecisions: true,
      isDryRun: input.dryRun,
    });
  },
});

function slashCommandOf({ clear, promptOnly }: { clear: boolean; promptOnly: boolean }): SlashCommand | null {
  if (promptOnly) return null;
  return clear ? '/clear' : '/compact';
}

type Request = CompactRequest & { readonly isDryRun: boolean };

async function request(context: OperationContext, asked: Request): Promise<CompactOutput> {
  const { ledger, clock } = context;
  const sandboxed = isSandboxed(context);
  if (sandboxed && livingLeader(context) === null) throw noLeader(context);
  const deps = dispatchDependenciesOf(context, 'person');
  const { planned, worker, claimed } = ledger.write(() => {
    const task = requireTask(ledger, asked.reference);
    const bound = requireSessionBinding(ledger, task, asked.reference);
    const made = planCompact(ledger, { task, bound }, asked, clock.now());
    return { planned: made, worker: bound.worker, claimed: takeUp(deps, made, { sandboxed, ...asked }) };
  });
  if (planned.refusal !== null) throw planned.refusal;
  if (asked.isDryRun) return rehearse(context, planned, worker);
  if (claimed !== null) {
    const effect = compactEffect(deps, { permits: () => true, isAwaited: true, patienceMilliseconds });
    await carryOutEffect(deps, claimed, effect);
  }
  return awaitOutcome(context, planned, worker);
}

/**
 * A person's own word is carried out here, so it is claimed with the transaction that makes it: a supervisor would ask
 * whether managers may. From inside a sandbox it is left in the queue for just that. A rehearsal is never in the queue.
 */
function takeUp(
  deps: DispatchDependencies,
  { command, refusal }: PlannedCompact,
  { sandboxed, isDryRun }: { readonly sandboxed: boolean; readonly isDryRun: boolean },
): ClaimedCommand | null {
  if (refusal !== null) return null;
  if (isDryRun) startCommand(deps.ledger, command, deps.clock.now());
  else if (sandboxed) touchSequence(deps.ledger);
  else return claimCommand(deps, command.id, inlineOptions);
  return null;
}

const inlineOptions: PassOptions = {
  dispatcherId: 'request-worker-compact',
  limit: 1,
  leaseSeconds: 60,
  type: null,
  dryRun: false,
};

const patienceMilliseconds = 20_000;

async function awaitOutcome(
  { ledger, clock, signal }: OperationContext,
  { command, plan }: PlannedCompact,
  worker: Session,
): Promise<CompactOutput> {
  const deadline = clock.monotonic() + patienceMilliseconds;
  for (;;) {
    const current = findCommand(ledger, command.id);
    if (current?.state === 'failed' || current?.state === 'blocked') {
      throw refuse('delivery_failed', current.error ?? `command ${command.id} failed`, {
        facts: { command_id: command.id },
      });
    }
    const isDone = current?.state === 'succeeded';
    if (isDone || clock.monotonic() >= deadline || signal.aborted) {
      return {
        ...plan,
        command_id: command.id,
        send_result: sendResult(worker, plan.send_text, { isDone, isDryRun: false }, clock.now()),
      };
    }
    await clock.sleep(100, signal);
  }
}

/** Everything but the keys: the text may be sent, and the terminal is there. */
async function rehearse(
  context: OperationContext,
  { command, plan }: PlannedCompact,
  worker: Session,
): Promise<CompactOutput> {
  const { ledger, clock } = context;
  const error = await whyNotSent(context, worker, plan);
  const send_result = sendResult(worker, plan.send_text, { isDone: false, isDryRun: true }, clock.now());
  const answer = { ...plan, command_id: command.id, send_result };
  const outcome =
    error === null
      ? ({ state: 'succeeded', result: answer } as const)
      : ({ state: 'failed', result: plan, error: error.message } as const);
  ledger.write(() => {
    finishCommand(ledger, command, outcome, clock.now());
    recordCompactOutcome(ledger, command, error === null ? { output: answer } : { error }, clock.now());
  });
  if (error !== null) throw error;
  return answer;
}

async function whyNotSent(
  context: OperationContext,
  worker: Session,
  { send_text: text, slash_command: slashCommand }: CompactPlan,
): Promise<ConveyorError | null> {
  try {
    prepareText(text, slashCommand === null ? [] : [slashCommand]);
    const { name, tmux_session: tmux } = worker;
    if (tmux === null) throw refuse('no_tmux_session', `session has no tmux_session: '${name}' cannot be typed to`);
    const socket = findPanelSession(context.ledger, worker.id)?.tmux_socket ?? null;
    if (await tmuxAtOf(context)(socket).hasSession(tmux)) return null;
    throw refuse('tmux_not_running', `tmux session is not running for session '${name}': ${tmux}`);
  } catch (error) {
    if (error instanceof ConveyorError) return error;
    throw error;
  }
}

function sendResult(
  worker: Session,
  text: string,
  { isDone, isDryRun }: { readonly isDone: boolean; readonly isDryRun: boolean },
  now: number,
): SendResult {
  return {
    dry_run: isDryRun,
    session: worker.name,
    side_effect_completed: isDone,
    side_effect_started: isDone,
    target: worker.tmux_session,
    text,
    time: formatTimestamp(now),
  };
}

function noLeader({ program }: OperationContext): ConveyorError {
  return refuse(
    'supervisor_missing',
    `this runs inside a sandbox, where tmux can't be reached, and no supervisor leads this ledger; outside the sandbox, open its folder in VS Code or run "${program} dispatch --watch"`,
  );
}
