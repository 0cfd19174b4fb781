/**
 * Answers a question that Codex asks on its screen: takes one of its options, or declines with Esc.
 *
 * Only a dialog that is recognised, and only the one that the caller means: it is read again right before every key,
 * and any difference ends the attempt. An option is taken by moving the mark to it, looking whether it stands there,
 * and Enter; letters and numbers that would choose at once are different in every version.
 * Throws the `tmux_*` codes before the key; afterwards everything is a result.
 */
import { dialogFingerprint } from '../codex/dialogFingerprint.ts';
import { findCodexProcess } from '../codex/codexProcess.ts';
import { ConveyorError } from '../domain/errors.ts';
import { type Dialog, type DialogClass, dialogClasses } from '../domain/screen.ts';
import type { PaneSnapshot } from '../tmux/pane.ts';
import type { PaneKey } from '../tmux/paneInput.ts';
import type { PaneAddress } from '../tmux/tmux.ts';
import type { DeferralReason } from './deliveryResult.ts';
import type { DeliveryPorts } from './deliverToPane.ts';
import { readScreen } from './preflight.ts';

/** What Codex asks before it does something: the only dialogs that may be answered for somebody else. */
export const approvalClasses: readonly DialogClass[] = ['approval_command', 'approval_patch', 'approval_permission'];
/** A menu that isn't in the table is nobody's to answer. */
export const answerableClasses: readonly DialogClass[] = dialogClasses.filter((name) => name !== 'other_menu');

export interface AnswerRequest {
  readonly address: PaneAddress;
  /** Number of the option; null declines with Esc. */
  readonly option: number | null;
  /** Fingerprint of the dialog that was read; null takes whatever is asked. */
  readonly expected: string | null;
  readonly classes: readonly DialogClass[];
  /** Called with the dialog right before the first key. False: nothing is pressed, deferred `fence_lost`. */
  readonly beforeFirstKey?: (dialog: Dialog) => boolean | Promise<boolean>;
  /** Asked right before the key that decides. False: the mark may have moved, nothing was decided. */
  readonly mayDecide?: () => boolean | Promise<boolean>;
  /** How long to watch for the dialog to go. */
  readonly settleMilliseconds?: number;
}

export type AnswerRefusal =
  | DeferralReason
  /** Nothing is asked. */
  | 'no_dialog'
  /** Something is asked that may not be answered this way. */
  | 'dialog_not_answerable'
  /** It is another question than the caller has read, or it went away. */
  | 'dialog_changed'
  /** It has no such option, or the mark can't be brought there. */
  | 'no_such_option';

export type AnswerResult =
  | {
      readonly outcome: 'answered';
      readonly paneId: string;
      readonly dialog: Dialog;
      readonly option: number | null;
      readonly pressedAt: number;
      /** The dialog has gone, or another has taken its place. */
      readonly hasClosed: boolean;
    }
  | {
      readonly outcome: 'refused';
      readonly reason: AnswerRefusal;
      readonly dialog: Dialog | null;
      /** A key was pressed before; none that decides. */
      readonly hasPressed: boolean;
    };

const POLL_MILLISECONDS = 50;
/** A key shows within a frame or two; a busy machine takes longer. */
const MOVE_MILLISECONDS = 1500;
const SETTLE_MILLISECONDS = 5000;

export async function answerDialog(ports: DeliveryPorts, request: AnswerRequest): Promise<AnswerResult> {
  const { paneId } = await ports.tmux.findPane(request.address);
  let snapshot = await ports.tmux.snapshot(paneId);
  if (snapshot.pane.isInMode) {
    await ports.input.leaveCopyMode(paneId);
    snapshot = await ports.tmux.snapshot(paneId);
  }
  const obstacle = findObstacle(snapshot, ports);
  if (obstacle !== null) return refused(obstacle, null);
  const { dialog } = readScreen(snapshot);
  const refusal = refusalOf(dialog, request);
  if (dialog === null || refusal !== null) return refused(refusal ?? 'no_dialog', dialog);
  if ((await (request.beforeFirstKey?.(dialog) ?? true)) === false) return refused('fence_lost', dialog);
  const answer = new Answer(ports, request, paneId, dialog);
  try {
    return await answer.give();
  } catch (error) {
    if (!ConveyorError.is(error, 'tmux_not_running', 'tmux_failed')) throw error;
    return answer.afterLoss();
  }
}

function findObstacle({ pane }: PaneSnapshot, { host }: DeliveryPorts): DeferralReason | null {
  if (pane.isDead) return 'pane_dead';
  const process = findCodexProcess(host, pane);
  if (process.kind === 'absent') return 'codex_not_running';
  if (process.kind === 'background') return 'codex_not_in_foreground';
  return pane.isInMode ? 'pane_in_mode' : null;
}

function refusalOf(dialog: Dialog | null, { option, expected, classes }: AnswerRequest): AnswerRefusal | null {
  if (dialog === null) return 'no_dialog';
  if (!classes.includes(dialog.class)) return 'dialog_not_answerable';
  if (expected !== null && dialogFingerprint(dialog) !== expected) return 'dialog_changed';
  // At a menu Esc means something else each time.
  if (option === null) return approvalClasses.includes(dialog.class) ? null : 'dialog_not_answerable';
  return dialog.options.some(({ number }) => number === option) ? null : 'no_such_option';
}

function refused(reason: AnswerRefusal, dialog: Dialog | null, hasPressed = false): AnswerResult {
  return { outcome: 'refused', reason, dialog, hasPressed };
}

class Answer {
  readonly #ports: DeliveryPorts;
  readonly #request: AnswerRequest;
  readonly #paneId: string;
  readonly #dialog: Dialog;
  #hasPressed = false;
  #decidedAt: number | null = null;

  constructor(ports: DeliveryPorts, request: AnswerRequest, paneId: string, dialog: Dialog) {
    this.#ports = ports;
    this.#request = request;
    this.#paneId = paneId;
    this.#dialog = dialog;
  }

  async give(): Promise<AnswerResult> {
    const { option } = this.#request;
    if (option === null) return this.#decide('Escape', () => true);
    const side = sideKey(this.#dialog, option);
    if (side !== null) return this.#decide(side, () => true);
    if (!this.#dialog.options.some(({ isMarked }) => isMarked)) return this.#refuse('no_such_option');
    const moved = await this.#moveTo(option);
    return moved ?? this.#decide('Enter', (dialog) => markOf(dialog) === option);
  }

  /** The pane went away: what was decided before stands. */
  afterLoss(): AnswerResult {
    return this.#decidedAt === null ? this.#refuse('pane_dead') : this.#answered(this.#decidedAt, true);
  }

  /** Null when the mark stands at the option. */
  async #moveTo(option: number): Promise<AnswerResult | null> {
    for (let steps = 0; steps <= this.#dialog.options.length; steps += 1) {
      const dialog = await this.#sameDialog();
      const mark = dialog === null ? null : markOf(dialog);
      if (mark === null) return this.#refuse('dialog_changed');
      if (mark === option) return null;
      await this.#ports.input.pressKey(this.#paneId, mark < option ? 'Down' : 'Up');
      this.#hasPressed = true;
      await this.#until(MOVE_MILLISECONDS, (shown) => shown === null || markOf(shown) !== mark);
    }
    return this.#refuse('no_such_option');
  }

  /** Reads the dialog a last time, and presses the key only if it is the same and as it should be. */
  async #decide(key: PaneKey, isReady: (dialog: Dialog) => boolean): Promise<AnswerResult> {
    if ((await (this.#request.mayDecide?.() ?? true)) === false) return this.#refuse('fence_lost');
    const dialog = await this.#sameDialog();
    if (dialog === null || !isReady(dialog)) return this.#refuse('dialog_changed');
    await this.#ports.input.pressKey(this.#paneId, key);
    this.#decidedAt = this.#ports.clock.now();
    const milliseconds = this.#request.settleMilliseconds ?? SETTLE_MILLISECONDS;
    const hasClosed = await this.#until(milliseconds, (shown) => shown === null || !this.#isSame(shown));
    return this.#answered(this.#decidedAt, hasClosed);
  }

  #answered(pressedAt: number, hasClosed: boolean): AnswerResult {
    const { option } = this.#request;
    return { outcome: 'answered', paneId: this.#paneId, dialog: this.#dialog, option, pressedAt, hasClosed };
  }

  #refuse(reason: AnswerRefusal): AnswerResult {
    return refused(reason, this.#dialog, this.#hasPressed);
  }

  async #sameDialog(): Promise<Dialog | null> {
    const snapshot = await this.#ports.tmux.snapshot(this.#paneId);
    const { dialog } = findObstacle(snapshot, this.#ports) === null ? readScreen(snapshot) : { dialog: null };
    return dialog !== null && this.#isSame(dialog) ? dialog : null;
  }

  #isSame(dialog: Dialog): boolean {
    return dialogFingerprint(dialog) === dialogFingerprint(this.#dialog);
  }

  async #until(milliseconds: number, condition: (dialog: Dialog | null) => boolean): Promise<boolean> {
    const { clock, tmux } = this.#ports;
    const deadline = clock.monotonic() + milliseconds;
    for (;;) {
      if (condition(readScreen(await tmux.snapshot(this.#paneId)).dialog)) return true;
      if (clock.monotonic() >= deadline) return false;
      await clock.sleep(POLL_MILLISECONDS);
    }
  }
}

function markOf({ options }: Dialog): number | null {
  return options.find(({ isMarked }) => isMarked)?.number ?? null;
}

/** Up to 0.40 the options stand side by side, marked by colour only; these letters choose at once (facts, section 5). */
function sideKey({ options }: Dialog, option: number): PaneKey | null {
  if (options.some(({ isMarked }) => isMarked)) return null;
  const label = options.find(({ number }) => number === option)?.label ?? '';
  if (/^Yes\b/u.test(label)) return 'y';
  return /^No\b/u.test(label) ? 'n' : null;
}
