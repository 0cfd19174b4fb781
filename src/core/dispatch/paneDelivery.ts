import { dialogFingerprint } from '../codex/dialogFingerprint.ts';
import type { AnswerRefusal, AnswerRequest, AnswerResult } from '../delivery/answerDialog.ts';
import type { DeliveryResult, DeliveryRung } from '../delivery/deliveryResult.ts';
import type { InterruptResult } from '../delivery/interruptPane.ts';
import type { OutgoingText } from '../delivery/messageText.ts';
import type { DeliveryProof } from '../delivery/rolloutProof.ts';
import type { Dialog } from '../domain/screen.ts';
import type { PanelSession } from '../ledger/panelSessionStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import type { PaneKey } from '../tmux/paneInput.ts';

/** The session that a message is for, as the ledger has it. */
export interface PaneTarget {
  readonly session: Session;
  readonly panel: PanelSession | null;
}

/** One pane of one tmux server: what a pane lease is named after. */
export interface LocatedPane {
  readonly socketPath: string;
  readonly paneId: string;
}

export interface PaneSend {
  readonly text: OutgoingText;
  readonly whenBusy: 'send' | 'defer';
  /** The person's own word about a screen that is not recognised. */
  readonly acceptsUnknownScreen?: boolean;
  /** Asked once, right before the first key; by which rung it goes (tmux when left out). */
  readonly beforeFirstKey: (rung?: DeliveryRung) => boolean | Promise<boolean>;
  /** Asked right before each Enter. */
  readonly mayPressEnter: () => boolean | Promise<boolean>;
  readonly proof: DeliveryProof | null;
}

export interface PaneInterrupt {
  readonly key: PaneKey | null;
  readonly isBusy: boolean | null;
  readonly beforeFirstKey: () => boolean | Promise<boolean>;
}

export type PaneAnswer = Omit<AnswerRequest, 'address'>;

/**
 * What a pane shows about a message whose sender is gone.
 *
 * - `holds_text`: it was typed, and only Enter is missing.
 * - `waits_for_input`: Codex is idle with an empty composer, or is not there any more.
 * - `unclear`: a turn runs, a dialog is open, somebody types.
 */
export type PaneEvidence = 'holds_text' | 'waits_for_input' | 'unclear';

/** How a dispatcher gets something into a session's pane. Errors are the `tmux_*` codes, thrown before the first key. */
export interface PaneDelivery {
  locate(target: PaneTarget): Promise<LocatedPane>;
  deliver(target: PaneTarget, send: PaneSend): Promise<DeliveryResult>;
  interrupt(target: PaneTarget, interrupt: PaneInterrupt): Promise<InterruptResult>;
  answer(target: PaneTarget, answer: PaneAnswer): Promise<AnswerResult>;
  inspect(target: PaneTarget, text: OutgoingText): Promise<PaneEvidence>;
}

/** Panes by tmux session: what the test says happens in them, and what was typed. */
export class FakePaneDelivery implements PaneDelivery {
  readonly typed: { readonly session: string; readonly text: string }[] = [];
  readonly pressed: { readonly session: string; readonly key: string }[] = [];
  readonly interrupts: PaneInterrupt[] = [];
  readonly answers = new Map<string, DeliveryResult | Error | ((send: PaneSend) => Promise<DeliveryResult>)>();
  readonly evidence = new Map<string, PaneEvidence>();
  /** What stands on a session's screen. */
  readonly dialogs = new Map<string, Dialog>();
  readonly given: { readonly session: string; readonly option: number | null }[] = [];
  readonly missing = new Map<string, Error>();

  locate({ session }: PaneTarget): Promise<LocatedPane> {
    const error = this.missing.get(session.name);
    if (error !== undefined) return Promise.reject(error);
    return Promise.resolve({ socketPath: '/tmp/tmux/fake', paneId: `%${session.name}` });
  }

  async deliver({ session }: PaneTarget, send: PaneSend): Promise<DeliveryResult> {
    const answer = this.answers.get(session.name);
    if (answer instanceof Error) throw answer;
    if (typeof answer === 'function') return answer(send);
    if (answer?.outcome === 'deferred') return answer;
    if (!(await send.beforeFirstKey())) return { outcome: 'deferred', reason: 'fence_lost', screen: [] };
    if (answer?.outcome === 'undelivered') return answer;
    if (!(await send.mayPressEnter())) {
      const stages = { typedAt: 0, submittedAt: null, seenAt: null };
      return { outcome: 'undelivered', reason: 'fence_lost', stages, screen: [] };
    }
    this.typed.push({ session: session.name, text: send.text.pasted });
    const stages = { typedAt: 0, submittedAt: 0, seenAt: send.proof?.() === true ? 0 : null };
    return { outcome: 'delivered', paneId: `%${session.name}`, stages };
  }

  async interrupt({ session }: PaneTarget, interrupt: PaneInterrupt): Promise<InterruptResult> {
    const { key, beforeFirstKey } = interrupt;
    this.interrupts.push(interrupt);
    if (!(await beforeFirstKey())) return { outcome: 'deferred', reason: 'fence_lost', screen: [] };
    this.pressed.push({ session: session.name, key: key ?? 'Escape' });
    return {
      outcome: 'pressed',
      paneId: `%${session.name}`,
      key: key ?? 'Escape',
      pressedAt: 0,
      hasSettled: key === null ? true : null,
    };
  }

  async answer({ session }: PaneTarget, answer: PaneAnswer): Promise<AnswerResult> {
    const dialog = this.dialogs.get(session.name) ?? null;
    const refused = (reason: AnswerRefusal): AnswerResult => ({
      outcome: 'refused',
      reason,
      dialog,
      hasPressed: false,
    });
    if (dialog === null) return refused('no_dialog');
    if (!answer.classes.includes(dialog.class)) return refused('dialog_not_answerable');
    if (answer.expected !== null && answer.expected !== dialogFingerprint(dialog)) return refused('dialog_changed');
    if ((await (answer.beforeFirstKey?.(dialog) ?? true)) === false) return refused('fence_lost');
    if ((await (answer.mayDecide?.() ?? true)) === false) return refused('fence_lost');
    this.given.push({ session: session.name, option: answer.option });
    const paneId = `%${session.name}`;
    return { outcome: 'answered', paneId, dialog, option: answer.option, pressedAt: 0, hasClosed: true };
  }

  inspect({ session }: PaneTarget, _text: OutgoingText): Promise<PaneEvidence> {
    return Promise.resolve(this.evidence.get(session.name) ?? 'waits_for_input');
  }
}
