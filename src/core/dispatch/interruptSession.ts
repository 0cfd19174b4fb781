import { explainDeferral } from '../delivery/deliveryResult.ts';
import { parseCodexVersion } from '../codex/codexVersion.ts';
import { defaultInterruptKey, type InterruptResult } from '../delivery/interruptPane.ts';
import { ConveyorError } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import type { PaneKey } from '../tmux/paneInput.ts';
import { beginSideEffect, type ClaimedCommand } from './commandSteps.ts';
import type { DispatchDependencies } from './dependencies.ts';
import type { PaneTarget } from './paneDelivery.ts';
import { isForSomebodyElse, pushMessage, takePane } from './pushMessage.ts';
import { isTurnRunning } from './rolloutActivity.ts';
import type { ActionOutcome, SessionAction } from './sessionAction.ts';

type Interrupt = Extract<SessionAction, { type: 'session_interrupt' }>;

const paneBusy = {
  kind: 'deferred',
  reason: 'pane_busy',
  sentence: 'another process is typing into its pane',
} as const;

/** Presses the interrupt key and, when asked to, says something once the turn has ended. */
export async function interruptSession(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  action: Interrupt,
  patienceMilliseconds: number,
): Promise<ActionOutcome> {
  const target: PaneTarget = { session: action.session, panel: findPanelSession(deps.ledger, action.session.id) };
  let result: InterruptResult;
  try {
    const pane = await deps.panes.locate(target);
    if (!(await takePane(deps, claimed.hold, pane, patienceMilliseconds))) return paneBusy;
    await deps.checkpoint?.('pane_leased');
    result = await deps.panes.interrupt(target, {
      key: action.key,
      isBusy: isTurnRunning(action.session.codex_session_path),
      beforeFirstKey: async () => {
        const hasBegun = announce(deps, claimed, action);
        if (hasBegun) await deps.checkpoint?.('began');
        return hasBegun;
      },
    });
    await deps.checkpoint?.('submitted');
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    if (isForSomebodyElse(error)) return { kind: 'deferred', reason: error.code, sentence: error.message };
    return { kind: 'failed', code: error.code, sentence: error.message, started: false, completed: false };
  }
  if (result.outcome === 'deferred' && result.reason !== 'not_busy') return notPressed(result.reason);
  const pressed = result.outcome === 'pressed';
  const facts =
    result.outcome === 'pressed'
      ? { pressed: true, settled: result.hasSettled }
      : { pressed: false, reason: 'not_busy' };
  return action.followup === null
    ? { kind: 'done', facts }
    : followUp(deps, claimed, action, action.followup, { pressed, facts });
}

/** The key that an interrupt without a named one presses. */
export function interruptKey(
  { ledger }: Pick<DispatchDependencies, 'ledger'>,
  session: Session,
  key: PaneKey | null,
): PaneKey {
  const version = findPanelSession(ledger, session.id)?.codex_version ?? '';
  return key ?? defaultInterruptKey(parseCodexVersion(version));
}

function announce(
  { ledger, clock, ...rest }: DispatchDependencies,
  claimed: ClaimedCommand,
  action: Interrupt,
): boolean {
  return ledger.write(() => {
    if (!beginSideEffect({ ledger, clock, ...rest }, claimed)) return false;
    const { command, correlationId } = claimed;
    const payload = { session: action.session.name, key: action.key };
    recordEvent(
      ledger,
      {
        type: 'pane_interrupt_started',
        actor: 'dispatch',
        taskId: command.task_id,
        commandId: command.id,
        correlationId,
        payload,
      },
      clock.now(),
    );
    return true;
  });
}

function notPressed(
  reason: Exclude<Extract<InterruptResult, { outcome: 'deferred' }>['reason'], 'not_busy'>,
): ActionOutcome {
  if (reason === 'fence_lost') return { kind: 'overtaken' };
  const sentence = explainDeferral(reason);
  if (reason === 'codex_not_running' || reason === 'pane_dead') {
    return {
      kind: 'failed',
      code: 'codex_exited',
      sentence: `no key was pressed: ${sentence}`,
      started: false,
      completed: false,
    };
  }
  return { kind: 'deferred', reason, sentence };
}

interface Pressed {
  readonly pressed: boolean;
  readonly facts: { readonly pressed: boolean };
}

async function followUp(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  action: Interrupt,
  followup: string,
  { pressed, facts }: Pressed,
): Promise<ActionOutcome> {
  const outcome = await pushMessage(deps, {
    item: { commandId: claimed.command.id },
    taskId: claimed.command.task_id,
    correlationId: claimed.correlationId,
    target: action.session,
    message: followup,
    hold: claimed.hold,
    // The key has begun the side effect already, unless nothing had to be interrupted.
    begin: () => pressed || beginSideEffect(deps, claimed),
    patienceMilliseconds: 0,
  });
  const keySent = pressed ? 'the key was pressed, but the follow-up was not said: ' : '';
  switch (outcome.kind) {
    case 'delivered':
      return { kind: 'done', facts };
    case 'deferred':
      if (!pressed) return outcome;
      return {
        kind: 'failed',
        code: 'delivery_deferred',
        sentence: `${keySent}${outcome.sentence}`,
        started: true,
        completed: false,
      };
    case 'refused':
      return {
        kind: 'failed',
        code: outcome.code,
        sentence: `${keySent}${outcome.sentence}`,
        started: pressed,
        completed: false,
      };
    case 'undelivered':
      return {
        kind: 'failed',
        code: 'delivery_failed',
        sentence: `${keySent}${outcome.sentence}`,
        started: true,
        completed: outcome.completed,
      };
    case 'overtaken':
      return outcome;
    default:
      return outcome satisfies never;
  }
}
