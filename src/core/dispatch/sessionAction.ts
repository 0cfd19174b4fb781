import { prepareText } from '../delivery/messageText.ts';
import { answerableClasses, approvalClasses } from '../delivery/answerDialog.ts';
import { ConveyorError, type ErrorCode, refuse } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { findBindingOfSession } from '../ledger/bindingStore.ts';
import { type Command, insertCommand } from '../ledger/commandStore.ts';
import { findSessionById, type Session } from '../ledger/sessionStore.ts';
import { isPaneKey, type PaneKey } from '../tmux/paneInput.ts';
import {
  attemptKeys,
  beginSideEffect,
  claimCommand,
  type ClaimedCommand,
  deferAttempt,
  endAttempt,
} from './commandSteps.ts';
import type { DispatchDependencies, PassOptions, ProcessedItem, SessionActionType } from './dependencies.ts';
import { answerSession, type AnswerTerms, approvePermission } from './answerSession.ts';
import { interruptSession } from './interruptSession.ts';
import { pushMessage } from './pushMessage.ts';
import { recordAction } from './recordAction.ts';

/** What a person, or a session in a sandbox, wants done to the pane of one session. */
export type SessionAction =
  | {
      readonly type: 'session_nudge';
      readonly session: Session;
      readonly text: string;
      /** The person's own word that an unknown screen reads messages. Never out of a row. */
      readonly acceptsUnknownScreen?: boolean;
      /** The older verb that asked, for the record. */
      readonly legacyCommand?: 'nudge';
    }
  | {
      readonly type: 'session_interrupt';
      readonly session: Session;
      /** Null for the right one. */
      readonly key: PaneKey | null;
      readonly followup: string | null;
    }
  | {
      readonly type: 'session_answer';
      readonly session: Session;
      /** Number of the option; null declines. */
      readonly option: number | null;
      /** Fingerprint of the question that was read; null takes whatever is asked. */
      readonly expected: string | null;
    };

/** How an action ended. `facts` go into the command's result, `words` only to its event and to whoever waits for it. */
export type ActionOutcome =
  | { readonly kind: 'done'; readonly facts: JsonObject; readonly words?: JsonObject }
  | { readonly kind: 'deferred'; readonly reason: string; readonly sentence: string }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly sentence: string;
      readonly started: boolean;
      readonly completed: boolean;
      readonly words?: JsonObject;
    }
  | { readonly kind: 'overtaken' };

/** Puts an action into the queue. Call inside a write transaction. */
export function queueAction({ ledger, clock }: DispatchDependencies, action: SessionAction): Command {
  const { session } = action;
  const addressee = { session: session.name, session_id: session.id };
  const payload = { ...addressee, ...orderOf(action) };
  const taskId = findBindingOfSession(ledger, session.id)?.task_id ?? null;
  return insertCommand(ledger, { type: action.type, taskId, payload }, clock.now());
}

function orderOf(action: SessionAction): object {
  switch (action.type) {
    case 'session_nudge':
      return { message: action.text, ...(action.legacyCommand ? { legacy_command: action.legacyCommand } : {}) };
    case 'session_interrupt':
      return { key: action.key, followup: action.followup };
    case 'session_answer':
      return { option: action.option, expected: action.expected };
    default:
      return action satisfies never;
  }
}

/**
 * Queues an action and carries it out at once: what `session-nudge` does outside a sandbox. A person's own word, so the
 * session need not be bound. Throws what stood in the way, after it was put on record.
 */
export async function performAction(
  deps: DispatchDependencies,
  action: SessionAction,
  options: PassOptions,
): Promise<JsonObject> {
  const claimed = deps.ledger.write(() => claimCommand(deps, queueAction(deps, action).id, options));
  if (claimed === null) throw new Error('a command that was queued in this very transaction is claimed already');
  try {
    claimed.hold.keepRenewing();
    const terms = { classes: answerableClasses, patienceMilliseconds: personPatience };
    const outcome = await carryOut(deps, claimed, action, terms);
    const item = deps.ledger.write(() => settle(deps, claimed, action, outcome, 'fails'));
    await deps.checkpoint?.('settled');
    if (outcome.kind === 'done') return { command_id: claimed.command.id, ...outcome.facts, ...outcome.words };
    throw refusalOf(outcome, action, item);
  } finally {
    claimed.hold.end();
  }
}

/** Somebody else's delivery into the pane is over within seconds; a person waits for it. */
const personPatience = 20_000;

/** Carries out a queued action; only for a session of an active binding. Null when another dispatcher has it. */
export async function dispatchAction(
  deps: DispatchDependencies,
  commandId: string,
  options: PassOptions,
): Promise<ProcessedItem | null> {
  const { ledger } = deps;
  const claimed = ledger.write(() => claimCommand(deps, commandId, options));
  if (claimed === null) return null;
  try {
    claimed.hold.keepRenewing();
    await deps.checkpoint?.('claimed');
    const action = readAction(deps, claimed.command);
    if ('refusal' in action) {
      return ledger.write(() => fail(deps, claimed, { ...action.refusal, started: false, completed: false }));
    }
    const outcome = await carryOut(deps, claimed, action, { classes: approvalClasses, patienceMilliseconds: 0 });
    const item = ledger.write(() => settle(deps, claimed, action, outcome, 'waits'));
    await deps.checkpoint?.('settled');
    return item;
  } finally {
    claimed.hold.end();
  }
}

type Refusal = { readonly refusal: { readonly code: ErrorCode; readonly sentence: string } };

/** The ledger is data, not authority: what a row asks for is checked as if it came from outside. */
function readAction(deps: DispatchDependencies, { type, payload, task_id: taskId }: Command): SessionAction | Refusal {
  const { ledger } = deps;
  const session = typeof payload.session_id === 'string' ? findSessionById(ledger, payload.session_id) : null;
  if (session === null)
    return { refusal: { code: 'unknown_session', sentence: 'the session of this command no longer exists' } };
  const binding = findBindingOfSession(ledger, session.id);
  if (binding === null || session.state !== 'active') {
    const sentence = `session '${session.name}' belongs to no active binding; only bound sessions are acted on for others`;
    return { refusal: { code: 'no_binding', sentence } };
  }
  if (binding.task_id !== taskId) {
    const sentence = `session '${session.name}' is of another task than this command; it was bound anew, or the row is not ours`;
    return { refusal: { code: 'no_binding', sentence } };
  }
  if (type === 'session_answer') return readAnswer(deps, session, payload);
  const known: SessionActionType = type === 'session_interrupt' ? 'session_interrupt' : 'session_nudge';
  if (known === 'session_nudge') {
    const text = typeof payload.message === 'string' ? payload.message : '';
    return { type: known, session, text, ...(payload.legacy_command === 'nudge' ? { legacyCommand: 'nudge' } : {}) };
  }
  const { key = null, followup } = payload;
  if (key !== null && (typeof key !== 'string' || !isPaneKey(key))) {
    return { refusal: { code: 'invalid_value', sentence: 'the key of this command is none that may be pressed' } };
  }
  const said = typeof followup === 'string' ? followup : null;
  const refusal = refusalForOthers(key) ?? refusalOfText(said);
  if (refusal !== null) return { refusal };
  // No named key: that one would be pressed on whatever stands on the screen, an approval too.
  return { type: known, session, key: null, followup: said };
}

/** Only what the person permits managers, only of a worker, and only the question that the asker has read. */
function readAnswer({ permits }: DispatchDependencies, session: Session, payload: JsonObject): SessionAction | Refusal {
  if (permits?.(approvePermission) !== true) return { refusal: notPermitted(session) };
  if (session.role !== 'worker') {
    const sentence = `session '${session.name}' is a manager: what it is asked is for the person to answer`;
    return { refusal: { code: 'permission_denied', sentence } };
  }
  const { option = null, expected } = payload;
  const isOption = option === null || (typeof option === 'number' && Number.isInteger(option));
  if (isOption && typeof expected === 'string') return { type: 'session_answer', session, option, expected };
  return { refusal: { code: 'invalid_value', sentence: 'this command does not say what is to be answered, and how' } };
}

export function notPermitted({ name }: Session): Refusal['refusal'] {
  const sentence = `answering the questions of '${name}' for its manager is not permitted; the person may allow ${approvePermission} in VS Code's settings or the user file, or answer it`;
  return { code: 'permission_denied', sentence };
}

/**
 * What speaks against pressing a key for somebody else. Any other than these could answer a question that Codex asked
 * the person; an interrupt for others is the right key, in a running turn, and nothing else.
 */
export function refusalForOthers(key: PaneKey | null): Refusal['refusal'] | null {
  if (key === null || key === 'Escape' || key === 'C-c') return null;
  const sentence = `only Escape and C-c may be pressed for others, not ${key}: it could answer a question that is the person's to answer`;
  return { code: 'permission_denied', sentence };
}

/** Before the key: nothing is half-done. */
function refusalOfText(text: string | null): Refusal['refusal'] | null {
  try {
    if (text !== null) prepareText(text);
    return null;
  } catch (error) {
    if (!ConveyorError.is(error)) throw error;
    return { code: error.code, sentence: error.message };
  }
}

async function carryOut(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  action: SessionAction,
  terms: AnswerTerms,
): Promise<ActionOutcome> {
  const { patienceMilliseconds } = terms;
  if (action.type === 'session_interrupt') return interruptSession(deps, claimed, action, patienceMilliseconds);
  if (action.type === 'session_answer') return answerSession(deps, claimed, action, terms);
  const outcome = await pushMessage(deps, {
    item: { commandId: claimed.command.id },
    taskId: claimed.command.task_id,
    correlationId: claimed.correlationId,
    target: action.session,
    message: action.text,
    acceptsUnknownScreen: action.acceptsUnknownScreen === true,
    hold: claimed.hold,
    begin: () => beginSideEffect(deps, claimed),
    patienceMilliseconds,
  });
  switch (outcome.kind) {
    case 'delivered': {
      const { seenAt } = outcome.stages;
      return { kind: 'done', facts: { seen_at: seenAt === null ? null : formatTimestamp(seenAt) } };
    }
    case 'refused':
      return { kind: 'failed', code: outcome.code, sentence: outcome.sentence, started: false, completed: false };
    case 'undelivered':
      return {
        kind: 'failed',
        code: 'delivery_failed',
        sentence: outcome.sentence,
        started: true,
        completed: outcome.completed,
      };
    case 'deferred':
    case 'overtaken':
      return outcome;
    default:
      return outcome satisfies never;
  }
}

function settle(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  action: SessionAction,
  outcome: ActionOutcome,
  onDeferral: 'fails' | 'waits',
): ProcessedItem | null {
  switch (outcome.kind) {
    case 'done': {
      const item = { ...itemKeys(claimed, action), ...outcome.facts, ...effects(true, true), state: 'delivered' };
      endAttempt(deps, claimed, { state: 'succeeded', started: true, completed: true, result: item, error: null });
      const { words = {} } = outcome;
      recordAction(deps, action, { dryRun: false, commandId: claimed.command.id, error: null, words });
      return item;
    }
    case 'deferred': {
      const error = about(action, outcome.sentence);
      if (onDeferral === 'fails') {
        return failAction(deps, claimed, action, {
          code: 'delivery_deferred',
          sentence: outcome.sentence,
          started: false,
          completed: false,
        });
      }
      const retryAt = deferAttempt(deps, claimed, { reason: outcome.reason, error: `waiting: ${error}` });
      if (retryAt === null) return null;
      return {
        ...itemKeys(claimed, action),
        ...effects(false, false),
        error,
        error_type: outcome.reason,
        retry_at: retryAt,
        state: 'deferred',
      };
    }
    case 'failed':
      return failAction(deps, claimed, action, outcome);
    case 'overtaken':
      return null;
    default:
      return outcome satisfies never;
  }
}

interface Failure {
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly started: boolean;
  readonly completed: boolean;
  readonly words?: JsonObject;
}

function failAction(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  action: SessionAction,
  failure: Failure,
): ProcessedItem {
  const sentence = about(action, failure.sentence);
  const item = fail(deps, claimed, { ...failure, sentence });
  recordAction(deps, action, {
    dryRun: false,
    commandId: claimed.command.id,
    error: { code: failure.code, sentence },
    words: failure.words ?? {},
  });
  return { ...itemKeys(claimed, action), ...item };
}

function fail(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  { code, sentence, started, completed }: Failure,
): ProcessedItem {
  const item = {
    ...attemptKeys(claimed),
    ...effects(started, completed),
    dry_run: false,
    error: sentence,
    error_type: code,
    notification_id: null,
    required_permission: claimed.command.required_permission,
    state: 'failed',
  };
  endAttempt(deps, claimed, { state: 'failed', started, completed, result: item, error: sentence });
  return item;
}

function refusalOf(outcome: ActionOutcome, action: SessionAction, item: ProcessedItem | null): ConveyorError {
  const facts = { session: action.session.name, reason: item?.error_type ?? null };
  switch (outcome.kind) {
    case 'deferred':
      return refuse('delivery_deferred', `${about(action, outcome.sentence)}; nothing was typed, try again`, { facts });
    case 'failed':
      return refuse(outcome.code, about(action, outcome.sentence), { facts });
    default:
      return refuse('delivery_failed', about(action, 'another dispatcher took over'), { facts });
  }
}

function about({ session }: SessionAction, sentence: string): string {
  const target = session.tmux_session === null ? 'no tmux session' : `tmux session ${session.tmux_session}`;
  return `session '${session.name}' (${target}): ${sentence}`;
}

function itemKeys(claimed: ClaimedCommand, { session }: SessionAction) {
  return { ...attemptKeys(claimed), dry_run: false, target_session: session.name };
}

function effects(started: boolean, completed: boolean) {
  return { side_effect_completed: completed, side_effect_started: started };
}
