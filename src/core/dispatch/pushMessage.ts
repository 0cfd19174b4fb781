import { createHash } from 'node:crypto';
import {
  type DeliveryRung,
  explainDeferral,
  explainUndelivered,
  type DeliveryStages,
} from '../delivery/deliveryResult.ts';
import { type OutgoingText, prepareText, type PermittedCommand } from '../delivery/messageText.ts';
import { type DeliveryProof, takeWatermark, userTurnProof } from '../delivery/rolloutProof.ts';
import { ConveyorError, type ErrorCode } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import {
  type DeliveryItem,
  moveDelivery,
  openDelivery,
  setWatermark,
  type Watermark,
} from '../ledger/deliveryStore.ts';
import { freeDeadLease, paneLease } from '../ledger/leaseStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import type { DispatchDependencies } from './dependencies.ts';
import { type Hold, paneMilliseconds } from './hold.ts';
import type { LocatedPane, PaneTarget } from './paneDelivery.ts';

export interface PushRequest {
  readonly item: DeliveryItem;
  readonly taskId: string | null;
  readonly correlationId: string | null;
  readonly target: Session;
  readonly message: string;
  readonly permitted?: readonly PermittedCommand[];
  readonly acceptsUnknownScreen?: boolean;
  readonly hold: Hold;
  /** Commits that the side effect is about to happen, in the transaction that it is called in; false: claim lost. */
  readonly begin: () => boolean;
  /** How long to wait for another hand to leave the pane. */
  readonly patienceMilliseconds?: number;
}

/** What came of an attempt to type a message. Sentences never hold the message (OD-45). */
export type PushOutcome =
  | { readonly kind: 'delivered'; readonly stages: DeliveryStages }
  /** Nothing was typed, and it may work later. */
  | { readonly kind: 'deferred'; readonly reason: string; readonly sentence: string }
  /** Nothing was typed, and trying again by itself won't help. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly sentence: string }
  /** A key was pressed and the message did not demonstrably arrive. */
  | {
      readonly kind: 'undelivered';
      readonly reason: string;
      readonly sentence: string;
      readonly completed: boolean;
    }
  /** Another dispatcher has the item now and decides. */
  | { readonly kind: 'overtaken' };

/**
 * The one way in which a dispatcher types something: pane's lease, announcement with a watermark, keys under the fence,
 * proof. The delivery's row tells how far it got.
 */
export async function pushMessage(deps: DispatchDependencies, request: PushRequest): Promise<PushOutcome> {
  const { ledger, clock, panes } = deps;
  const { item, target: session, hold } = request;
  const target: PaneTarget = { session, panel: findPanelSession(ledger, session.id) };
  let hasBegun = false;
  try {
    const text = prepareText(request.message, request.permitted);
    ledger.write(() =>
      openDelivery(ledger, item, { sessionId: session.id, textSha256: fingerprint(text.recorded) }, clock.now()),
    );
    const pane = await panes.locate(target);
    if (!(await takePane(deps, hold, pane, request.patienceMilliseconds ?? 0))) return deferred(deps, item, paneBusy);
    await deps.checkpoint?.('pane_leased');
    const watermark = takeWatermark(session.codex_session_path ?? deps.rollouts?.find(session) ?? null);
    const result = await panes.deliver(target, {
      text,
      whenBusy: 'send',
      acceptsUnknownScreen: request.acceptsUnknownScreen === true,
      beforeFirstKey: async (rung = 'tmux') => {
        // The server said no, and the pane comes next: begun is begun.
        hasBegun = announce(deps, request, watermark, rung, hasBegun);
        if (hasBegun) await deps.checkpoint?.('began');
        return hasBegun;
      },
      mayPressEnter: async () => {
        ledger.write(() => moveDelivery(ledger, item, { state: 'typed', typedAt: clock.now() }, clock.now()));
        await deps.checkpoint?.('typed');
        return hold.confirm();
      },
      proof: proofOf(deps, session, watermark, text),
    });
    await deps.checkpoint?.('submitted');
    const outcome = ledger.write(() => {
      const read = readResult(deps, request, result);
      if (hasBegun) recordActuation(deps, request, 'pane_delivery_ended', outcomeFacts(read));
      return read;
    });
    // A Codex that is killed before anybody else looks could not be resumed.
    if (hasBegun) deps.rollouts?.learn(session.id);
    return outcome;
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    return hasBegun ? undelivered(deps, item, error) : refusedOrDeferred(deps, item, error);
  }
}

/** Whether the user turn of a message is in the rollout behind the watermark; null when nothing can be asked. */
export function proofOf(
  { rollouts }: Pick<DispatchDependencies, 'rollouts'>,
  session: Session,
  { path, offset }: Watermark,
  text: OutgoingText,
): DeliveryProof | null {
  if (text.isCommand) return null;
  const question = { watermark: { path, offset }, text: text.recorded };
  if (path !== null) return userTurnProof(question);
  if (rollouts === undefined) return null;
  // Codex makes the file with the first message.
  const locate = () => rollouts.find(session);
  const proof = userTurnProof({ ...question, locate });
  if (session.codex_session_id !== null) return proof;
  // Where not even the thread shows, that Codex took the text is all that can be known: delivered, never "seen".
  return () => proof() || (locate() === null ? null : false);
}

/** The same for a message and for the user turn that it becomes, whatever a terminal makes of its blanks. */
export function fingerprint(text: string): string {
  return createHash('sha256').update(text.replaceAll(/\s+/gu, ' ').trim()).digest('hex');
}

const paneBusy = { reason: 'pane_busy', sentence: 'another process is typing into its pane' };
const PATIENCE_STEP = 100;

/** One pane, one hand: every host takes this lease before the first key. */
export async function takePane(
  deps: DispatchDependencies,
  hold: Hold,
  { socketPath, paneId }: LocatedPane,
  patienceMilliseconds: number,
): Promise<boolean> {
  const { clock, ledger } = deps;
  const name = paneLease(socketPath, paneId);
  freeDeadLease(ledger, deps, name);
  const deadline = clock.monotonic() + patienceMilliseconds;
  for (;;) {
    if (hold.take(name, 'pane', paneMilliseconds)) return true;
    if (clock.monotonic() >= deadline) return false;
    await clock.sleep(PATIENCE_STEP);
  }
}

function announce(
  deps: DispatchDependencies,
  request: PushRequest,
  watermark: Watermark,
  rung: DeliveryRung,
  hasBegun: boolean,
): boolean {
  const { ledger, clock } = deps;
  return ledger.write(() => {
    if (!request.hold.confirm() || !(hasBegun || request.begin())) return false;
    setWatermark(ledger, request.item, { ...watermark, rung });
    moveDelivery(ledger, request.item, { state: 'claimed' }, clock.now());
    recordActuation(deps, request, 'pane_delivery_started', { text_length: [...request.message].length, rung });
    return true;
  });
}

/** Whom a message is for, and on whose behalf. */
type Actuation = Pick<PushRequest, 'item' | 'target' | 'taskId' | 'correlationId'>;

/** The event after, of a delivery whose dispatcher did not live to write it. Call inside a write transaction. */
export function recordLostDelivery(
  deps: DispatchDependencies,
  actuation: Actuation,
  outcome: 'delivered' | 'absent' | 'undelivered',
): void {
  recordActuation(deps, actuation, 'pane_delivery_ended', { outcome, recovered: true });
}

/** Every hand on a pane is an event before and after, on the task it is for. */
function recordActuation(
  { ledger, clock }: DispatchDependencies,
  request: Actuation,
  type: 'pane_delivery_started' | 'pane_delivery_ended',
  facts: object,
): void {
  const { item, target, taskId, correlationId } = request;
  const commandId = 'commandId' in item ? item.commandId : null;
  const notification = 'notificationId' in item ? { notification_id: item.notificationId } : {};
  const payload = { session: target.name, ...notification, ...facts };
  recordEvent(ledger, { type, actor: 'dispatch', taskId, commandId, correlationId, payload }, clock.now());
}

function outcomeFacts(outcome: PushOutcome): object {
  switch (outcome.kind) {
    case 'delivered':
      return { outcome: outcome.kind, seen: outcome.stages.seenAt !== null };
    case 'undelivered':
    case 'deferred':
      return { outcome: outcome.kind, reason: outcome.reason };
    case 'refused':
      return { outcome: outcome.kind, reason: outcome.code };
    case 'overtaken':
      return { outcome: outcome.kind };
    default:
      return outcome satisfies never;
  }
}

type Result = Awaited<ReturnType<DispatchDependencies['panes']['deliver']>>;

function readResult(deps: DispatchDependencies, { item }: PushRequest, result: Result): PushOutcome {
  const { ledger, clock } = deps;
  switch (result.outcome) {
    case 'deferred':
      if (result.reason === 'fence_lost') return { kind: 'overtaken' };
      if (isHopeless(result.reason)) {
        const sentence = `nothing was typed: ${explainDeferral(result.reason)}`;
        noteUndelivered(deps, item, result.reason, null);
        return { kind: 'refused', code: 'codex_exited', sentence };
      }
      return deferred(deps, item, { reason: result.reason, sentence: explainDeferral(result.reason) });
    case 'delivered': {
      const { stages } = result;
      const state = stages.seenAt === null ? 'submitted' : 'seen';
      ledger.write(() => moveDelivery(ledger, item, { state, ...stages }, clock.now()));
      return { kind: 'delivered', stages };
    }
    case 'undelivered':
      // Whoever has the item now looks at the composer and goes on from there.
      if (result.reason === 'fence_lost') return { kind: 'overtaken' };
      noteUndelivered(deps, item, result.reason, result.stages);
      return {
        kind: 'undelivered',
        reason: result.reason,
        sentence: explainUndelivered(result.reason),
        completed: result.stages.submittedAt !== null,
      };
    default:
      return result satisfies never;
  }
}

/** Waiting doesn't start a Codex; a person or the manager must know now (OD-37). */
function isHopeless(reason: string): boolean {
  return reason === 'codex_not_running' || reason === 'pane_dead';
}

function refusedOrDeferred(deps: DispatchDependencies, item: DeliveryItem, error: ConveyorError): PushOutcome {
  if (isForSomebodyElse(error)) return deferred(deps, item, { reason: error.code, sentence: error.message });
  noteUndelivered(deps, item, error.code, null);
  return { kind: 'refused', code: error.code, sentence: error.message };
}

function undelivered(deps: DispatchDependencies, item: DeliveryItem, error: ConveyorError): PushOutcome {
  noteUndelivered(deps, item, error.code, null);
  return { kind: 'undelivered', reason: error.code, sentence: error.message, completed: false };
}

function deferred(
  { ledger, clock }: DispatchDependencies,
  item: DeliveryItem,
  { reason, sentence }: { readonly reason: string; readonly sentence: string },
): PushOutcome {
  ledger.write(() => moveDelivery(ledger, item, { state: 'deferred', reason }, clock.now()));
  return { kind: 'deferred', reason, sentence };
}

function noteUndelivered(
  { ledger, clock }: DispatchDependencies,
  item: DeliveryItem,
  reason: string,
  stages: DeliveryStages | null,
): void {
  ledger.write(() => moveDelivery(ledger, item, { state: 'undelivered', reason, ...stages }, clock.now()));
}

/**
 * It may work later, by somebody else's doing: from inside a sandbox tmux can't be reached, but the leader can; what was
 * not confirmed, the person can confirm.
 */
export function isForSomebodyElse(error: ConveyorError): boolean {
  return error.code === 'tmux_denied' || error.code === 'not_confirmed';
}
