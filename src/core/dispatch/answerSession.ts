import { dialogFingerprint } from '../codex/dialogFingerprint.ts';
import type { AnswerRefusal, AnswerResult } from '../delivery/answerDialog.ts';
import { explainDeferral } from '../delivery/deliveryResult.ts';
import { ConveyorError, type ErrorCode } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Dialog, DialogClass } from '../domain/screen.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import { beginSideEffect, type ClaimedCommand } from './commandSteps.ts';
import type { DispatchDependencies } from './dependencies.ts';
import type { PaneTarget } from './paneDelivery.ts';
import { isForSomebodyElse, takePane } from './pushMessage.ts';
import type { ActionOutcome, SessionAction } from './sessionAction.ts';

type AnswerAction = Extract<SessionAction, { type: 'session_answer' }>;

export interface AnswerTerms {
  /** What may be answered: for others approvals only. */
  readonly classes: readonly DialogClass[];
  readonly patienceMilliseconds: number;
}

/** What a manager must be permitted by the person, in VS Code's settings or the user file, before it may answer. */
export const approvePermission = 'worker_session.approve';

/** Answers the question on a session's screen. The event before holds its words: what was answered is on record. */
export async function answerSession(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  action: AnswerAction,
  { classes, patienceMilliseconds }: AnswerTerms,
): Promise<ActionOutcome> {
  const target: PaneTarget = { session: action.session, panel: findPanelSession(deps.ledger, action.session.id) };
  let hasBegun = false;
  try {
    const pane = await deps.panes.locate(target);
    if (!(await takePane(deps, claimed.hold, pane, patienceMilliseconds))) {
      return { kind: 'deferred', reason: 'pane_busy', sentence: 'another process is typing into its pane' };
    }
    await deps.checkpoint?.('pane_leased');
    const result = await deps.panes.answer(target, {
      option: action.option,
      expected: action.expected,
      classes,
      beforeFirstKey: async (dialog) => {
        hasBegun = announce(deps, claimed, action, dialog);
        if (hasBegun) await deps.checkpoint?.('began');
        return hasBegun;
      },
      mayDecide: () => claimed.hold.confirm(),
    });
    await deps.checkpoint?.('submitted');
    return outcomeOf(result, hasBegun);
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    if (isForSomebodyElse(error)) return { kind: 'deferred', reason: error.code, sentence: error.message };
    return { kind: 'failed', code: error.code, sentence: error.message, started: hasBegun, completed: false };
  }
}

/** What was asked, for the record and for whoever asked; never for telemetry. */
function wordsOf({ class: name, text, options }: Dialog, option: number | null): JsonObject {
  const label = options.find(({ number }) => number === option)?.label ?? null;
  return { dialog: name, text, option, label };
}

function announce(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  { session, option }: AnswerAction,
  dialog: Dialog,
): boolean {
  const { ledger, clock } = deps;
  return ledger.write(() => {
    if (!beginSideEffect(deps, claimed)) return false;
    const { command, correlationId } = claimed;
    const payload = { session: session.name, fingerprint: dialogFingerprint(dialog), ...wordsOf(dialog, option) };
    const { id: commandId, task_id: taskId } = command;
    const event = { type: 'pane_answer_started', actor: 'dispatch', taskId, commandId, correlationId, payload };
    recordEvent(ledger, event, clock.now());
    return true;
  });
}

function outcomeOf(result: AnswerResult, hasBegun: boolean): ActionOutcome {
  if (result.outcome === 'answered') {
    const { dialog, option, hasClosed } = result;
    const words = wordsOf(dialog, option);
    if (hasClosed) return { kind: 'done', facts: { dialog: dialog.class, option }, words };
    const sentence = 'the key was pressed, but the question is still on its screen; look at it before you try again';
    return { kind: 'failed', code: 'delivery_failed', sentence, started: true, completed: false, words };
  }
  const { reason, dialog } = result;
  if (reason === 'fence_lost' && !hasBegun) return { kind: 'overtaken' };
  const { code, sentence } = explain(reason, dialog);
  const words = dialog === null ? {} : { words: wordsOf(dialog, null) };
  return {
    kind: 'failed',
    code,
    sentence: `nothing was answered: ${sentence}`,
    started: hasBegun,
    completed: false,
    ...words,
  };
}

function explain(
  reason: AnswerRefusal,
  dialog: Dialog | null,
): { readonly code: ErrorCode; readonly sentence: string } {
  switch (reason) {
    case 'no_dialog':
      return { code: 'dialog_missing', sentence: 'Codex asks nothing on its screen' };
    case 'dialog_changed':
      return { code: 'dialog_changed', sentence: 'Codex asks something else by now; read it, and answer that' };
    case 'dialog_not_answerable': {
      const name = dialog?.class.replaceAll('_', ' ') ?? 'another';
      return {
        code: 'dialog_not_answerable',
        sentence: `what stands on its screen (${name}) is not answered this way`,
      };
    }
    case 'no_such_option': {
      const offered = dialog?.options.map(({ number }) => number).join(', ') ?? '';
      return {
        code: 'invalid_value',
        sentence: `its screen offers no such option that can be chosen; it has ${offered}`,
      };
    }
    case 'codex_not_running':
    case 'pane_dead':
      return { code: 'codex_exited', sentence: explainDeferral(reason) };
    default:
      return { code: 'delivery_deferred', sentence: explainDeferral(reason) };
  }
}
