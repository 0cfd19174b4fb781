import * as z from 'zod/mini';
import { prepareText } from '../delivery/messageText.ts';
import { interruptKey } from '../dispatch/interruptSession.ts';
import { recordAction } from '../dispatch/recordAction.ts';
import { performAction, queueAction, refusalForOthers, type SessionAction } from '../dispatch/sessionAction.ts';
import type { PassOptions } from '../dispatch/dependencies.ts';
import { ConveyorError, refuse } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { touchSequence } from '../ledger/commandQueueStore.ts';
import { findCommand } from '../ledger/commandStore.ts';
import { requireSession, type Session } from '../ledger/sessionStore.ts';
import { readPaneKey } from '../tmux/paneInput.ts';
import { flag, optionalText, positional } from './argument.ts';
import { dispatchDependenciesOf } from './dispatchDependencies.ts';
import { livingLeader } from './livingLeader.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { isSandboxed } from './sandbox.ts';
import { LedgerChanges } from '../dispatch/ledgerChanges.ts';

const dryRun = flag('say what would be done, and do nothing');

/** Says something to a session in its terminal. */
export const sessionNudge = defineOperation({
  name: 'session-nudge',
  summary: 'Say something to a session in its terminal.',
  effect: 'acts',
  inputs: { name: positional('name of the session', 'NAME'), text: positional('what to say', 'TEXT'), dryRun },
  output: () =>
    z.looseObject({
      dry_run: z.boolean(),
      session: z.string(),
      side_effect_started: z.boolean(),
      side_effect_completed: z.boolean(),
      target: z.nullable(z.string()),
      text: z.string(),
      time: z.string(),
    }),
  run: async (context, input) => {
    const session = requireSession(context.ledger, input.name);
    const action: SessionAction = { type: 'session_nudge', session, text: input.text };
    const done = await act(context, action, input.dryRun, () => prepareText(input.text));
    return {
      dry_run: input.dryRun,
      session: session.name,
      side_effect_started: done.acted,
      side_effect_completed: done.acted,
      target: session.tmux_session,
      text: input.text,
      time: formatTimestamp(context.clock.now()),
      ...done.facts,
    };
  },
});

/** Ends the running turn of a session. */
export const sessionInterrupt = defineOperation({
  name: 'session-interrupt',
  summary: 'End the running turn of a session.',
  effect: 'acts',
  inputs: {
    name: positional('name of the session', 'NAME'),
    key: optionalText('key to press instead of the right one', { placeholder: 'KEY' }),
    followup: optionalText('what to say afterwards', { placeholder: 'TEXT' }),
    dryRun,
  },
  output: () =>
    z.looseObject({
      dry_run: z.boolean(),
      followup: z.nullable(z.string()),
      key: z.string(),
      session: z.string(),
      target: z.nullable(z.string()),
      time: z.string(),
    }),
  run: async (context, input) => {
    const { followup } = input;
    const session = requireSession(context.ledger, input.name);
    // Anything that is no key would be typed as text (OD-43).
    const named = input.key === null ? null : readPaneKey(input.key);
    const key = interruptKey(context, session, named);
    const action: SessionAction = { type: 'session_interrupt', session, key: named, followup };
    const done = await act(context, action, input.dryRun, () => {
      const refusal = isSandboxed(context) ? refusalForOthers(named) : null;
      if (refusal !== null) throw refuse(refusal.code, refusal.sentence);
      return followup !== null && prepareText(followup);
    });
    return {
      dry_run: input.dryRun,
      followup,
      key,
      session: session.name,
      target: session.tmux_session,
      time: formatTimestamp(context.clock.now()),
      ...done.facts,
    };
  },
});

interface Done {
  readonly acted: boolean;
  readonly facts: JsonObject;
}

async function act(
  context: OperationContext,
  action: SessionAction,
  isDryRun: boolean,
  check: () => unknown,
): Promise<Done> {
  checked(context, action, isDryRun, check);
  if (isDryRun) {
    context.ledger.write(() => recordAction(context, action, { dryRun: true, commandId: null, error: null }));
    return { acted: false, facts: {} };
  }
  if (isSandboxed(context)) return askLeader(context, action);
  return { acted: true, facts: await performAction(dispatchDependenciesOf(context), action, inlineOptions) };
}

/** A person is at the other end, or a script that reads the exit status: long enough for the slowest proof. */
const inlineOptions: PassOptions = {
  dispatcherId: 'session-action',
  limit: 1,
  leaseSeconds: 60,
  type: null,
  dryRun: false,
};

/** What is wrong before anything is queued is on record like what goes wrong later. */
function checked(context: OperationContext, action: SessionAction, isDryRun: boolean, check: () => unknown): void {
  try {
    requireTerminal(action.session);
    check();
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    const failure = { code: error.code, sentence: error.message };
    context.ledger.write(() => recordAction(context, action, { dryRun: isDryRun, commandId: null, error: failure }));
    throw error;
  }
}

function requireTerminal({ name, tmux_session: tmux, role, state }: Session): void {
  if (tmux === null) {
    const verb = role === 'worker' ? 'enqueue-nudge-worker' : 'enqueue-notify-manager';
    throw refuse(
      'no_tmux_session',
      `session has no tmux_session: '${name}' can only be reached by its inbox ("${verb}")`,
    );
  }
  if (state === 'active') return;
  throw refuse(
    'session_state',
    `session '${name}' (tmux session ${tmux}) is in state '${state}'; register it again with "register-${role} --name ${name}"`,
  );
}

/** The leader acts within a second or so; whoever asked should know, but not wait for a person to stop typing. */
const leaderPatience = 15_000;

/** From inside a sandbox: queues the action and waits for what the leader makes of it. */
async function askLeader(context: OperationContext, action: SessionAction): Promise<Done> {
  const { ledger, clock, signal } = context;
  if (livingLeader(context) === null) throw noLeader(context);
  const changes = new LedgerChanges(ledger, clock);
  try {
    const { id } = ledger.write(() => {
      const queued = queueAction(dispatchDependenciesOf(context), action);
      touchSequence(ledger);
      return queued;
    });
    const deadline = clock.monotonic() + leaderPatience;
    for (;;) {
      const command = findCommand(ledger, id);
      if (command?.state === 'succeeded')
        return { acted: true, facts: { command_id: id, executed_by: command.claimed_by } };
      if (command?.state === 'failed' || command?.state === 'blocked') {
        throw refuse('delivery_failed', command.error ?? `command ${id} failed`, { facts: { command_id: id } });
      }
      const left = deadline - clock.monotonic();
      if (left <= 0 || signal.aborted) {
        return {
          acted: false,
          facts: { command_id: id, state: 'queued', waiting_for: command?.error ?? 'the supervisor' },
        };
      }
      await changes.next(Math.min(1000, left), signal);
    }
  } finally {
    changes.close();
  }
}

function noLeader({ program }: OperationContext): ConveyorError {
  return refuse(
    'supervisor_missing',
    `this runs inside a sandbox, where tmux can't be reached, and no supervisor leads this ledger; outside the sandbox, open its folder in VS Code or run "${program} dispatch --watch"`,
  );
}
