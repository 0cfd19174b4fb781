/**
 * The tmux rung of the ladder: gets a message into the composer of a Codex in a pane, and knows whether it arrived.
 *
 *     const result = await deliverToPane(ports, {
 *       address: { session: 'codex-w1', paneId: '%3' },
 *       text: prepareText(message),
 *       beforeFirstKey: () => store.commitSideEffectStarted(…), // false: nothing is typed
 *       mayPressEnter: () => lease.isStillOurs(),               // asked right before each Enter
 *       proof: userTurnProof({ … }),                            // was the turn seen behind the watermark?
 *     });
 *
 * Throws `tmux_missing`, `tmux_denied`, `tmux_not_running`, `tmux_failed`, all before the first key; afterwards
 * everything is a result. Never types into what is no Codex composer, never presses Enter on a screen that doesn't
 * show the text, never types twice.
 */
import { ConveyorError } from '../domain/errors.ts';
import { hasDialog, isBusyScreen } from '../domain/screen.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import type { PaneInput } from '../tmux/paneInput.ts';
import type { PaneSnapshot } from '../tmux/pane.ts';
import type { PaneAddress, Tmux } from '../tmux/tmux.ts';
import type { DeliveryResult, DeliveryStages, UndeliveredReason } from './deliveryResult.ts';
import { linesForReader, type OutgoingText } from './messageText.ts';
import { checkPane, readScreen, visibleRows, type PaneVerdict } from './preflight.ts';
import type { DeliveryProof } from './rolloutProof.ts';
import { readComposer, showsText } from './composer.ts';

export interface DeliveryPorts {
  readonly tmux: Tmux;
  readonly input: PaneInput;
  readonly host: HostFacts;
  readonly clock: Clock;
}

export interface DeliveryRequest {
  readonly address: PaneAddress;
  readonly text: OutgoingText;
  /** `send` (default) lets Codex take the text into the running turn; `defer` waits for its end. */
  readonly whenBusy?: 'send' | 'defer';
  /** The person's own word that an unknown screen reads messages: then the text must be seen on it before the one Enter. */
  readonly acceptsUnknownScreen?: boolean;
  /** Called once, after all checks and right before the first key. False: nothing happens, deferred `fence_lost`. */
  readonly beforeFirstKey?: () => boolean | Promise<boolean>;
  /** Called right before each Enter. False: the text is left in the composer, undelivered `fence_lost`. */
  readonly mayPressEnter?: () => boolean | Promise<boolean>;
  /** Whether the user turn is in the rollout behind the caller's watermark; null when nothing can be asked. */
  readonly proof: DeliveryProof | null;
  readonly limits?: Partial<DeliveryLimits>;
}

interface DeliveryLimits {
  /** How long a blank or unknown screen may take to become one with a composer: Codex redraws after a resize. */
  readonly settleMilliseconds: number;
  /** How long the pasted text may take to show. */
  readonly showMilliseconds: number;
  /** Codex takes an Enter that comes too soon after text for part of a paste. */
  readonly pauseMilliseconds: number;
  /** How long one Enter may take to empty the composer before it is pressed again. */
  readonly enterMilliseconds: number;
  readonly enterPresses: number;
  /** How long the user turn may take to appear in the rollout. */
  readonly proofMilliseconds: number;
  /** The same while another turn runs: Codex may keep the text until that turn is over, and the pane is ours so long. */
  readonly busyProofMilliseconds: number;
}

const DEFAULT_LIMITS: DeliveryLimits = {
  settleMilliseconds: 2000,
  showMilliseconds: 5000,
  pauseMilliseconds: 150,
  enterMilliseconds: 2500,
  enterPresses: 3,
  proofMilliseconds: 8000,
  busyProofMilliseconds: 2500,
};
const POLL_MILLISECONDS = 40;

export async function deliverToPane(ports: DeliveryPorts, request: DeliveryRequest): Promise<DeliveryResult> {
  const pane = await ports.tmux.findPane(request.address);
  const verdict = await preflight(ports, pane.paneId, request);
  if (verdict.kind === 'deferred') return { outcome: 'deferred', reason: verdict.reason, screen: verdict.screen };
  if ((await (request.beforeFirstKey?.() ?? true)) === false) {
    return { outcome: 'deferred', reason: 'fence_lost', screen: [] };
  }
  const attempt = new Attempt(ports, request, pane.paneId, verdict);
  try {
    return await attempt.run();
  } catch (error) {
    if (!ConveyorError.is(error, 'tmux_not_running', 'tmux_failed')) throw error;
    return attempt.failed('pane_gone', []);
  }
}

/** Looks at the pane. Leaves copy mode, and lets a screen that is being redrawn come back, before it gives up. */
async function preflight(ports: DeliveryPorts, paneId: string, request: DeliveryRequest): Promise<PaneVerdict> {
  const { clock, host, input, tmux } = ports;
  const deadline = clock.monotonic() + { ...DEFAULT_LIMITS, ...request.limits }.settleMilliseconds;
  let mayLeaveMode = true;
  for (;;) {
    const verdict = checkPane(await tmux.snapshot(paneId), host, request);
    if (verdict.kind === 'clear') return verdict;
    if (verdict.reason === 'pane_in_mode' && mayLeaveMode) {
      mayLeaveMode = false;
      await input.leaveCopyMode(paneId);
      continue;
    }
    const isPassing = verdict.reason === 'not_ready' || verdict.reason === 'unknown_screen';
    if (!isPassing || clock.monotonic() >= deadline) return verdict;
    await clock.sleep(POLL_MILLISECONDS);
  }
}

type ClearVerdict = Extract<PaneVerdict, { readonly kind: 'clear' }>;

/** One delivery from the first key on. Holds the stages, for the result of whatever happens. */
class Attempt {
  readonly #ports: DeliveryPorts;
  readonly #request: DeliveryRequest;
  readonly #paneId: string;
  readonly #limits: DeliveryLimits;
  readonly #verdict: ClearVerdict;
  #stages: DeliveryStages = { typedAt: null, submittedAt: null, seenAt: null };

  constructor(ports: DeliveryPorts, request: DeliveryRequest, paneId: string, verdict: ClearVerdict) {
    this.#ports = ports;
    this.#request = request;
    this.#paneId = paneId;
    this.#verdict = verdict;
    this.#limits = { ...DEFAULT_LIMITS, ...request.limits };
  }

  async run(): Promise<DeliveryResult> {
    const { pasted } = this.#request.text;
    if (this.#verdict.reads === 'pastes') {
      const refused = await this.#typeAndSubmit(pasted, this.#verdict.holdsText);
      return refused ?? this.#awaitProof();
    }
    const lines = linesForReader(pasted);
    for (const line of lines) {
      const refused = await this.#typeAndSubmit(line, lines.length === 1 && this.#verdict.holdsText);
      if (refused !== null) return refused;
    }
    // Of a message in several lines no turn says it all; that each line was taken is what can be known.
    return lines.length === 1 ? this.#awaitProof() : this.#delivered();
  }

  /** Null when Codex took the text; else what went wrong. */
  async #typeAndSubmit(text: string, isThereAlready: boolean): Promise<DeliveryResult | null> {
    const { clock, input } = this.#ports;
    if (!isThereAlready) await input.paste(this.#paneId, text);
    this.#stages = { ...this.#stages, typedAt: this.#stages.typedAt ?? clock.now() };
    const shown = await this.#until(
      this.#limits.showMilliseconds + timeToDraw(text),
      (screen) => this.#whereIs(text, screen) === 'in_composer',
    );
    if (!shown.met) return this.failed('text_not_in_composer', visibleRows(shown.screen));
    await clock.sleep(this.#limits.pauseMilliseconds);
    return this.#submit(text);
  }

  failed(reason: UndeliveredReason, screen: readonly string[]): DeliveryResult {
    return { outcome: 'undelivered', reason, stages: this.#stages, screen };
  }

  /** Enter alone, and again only while the text still stands in the composer. Null when the text has left it. */
  async #submit(text: string): Promise<DeliveryResult | null> {
    for (let press = 1; press <= this.#limits.enterPresses; press += 1) {
      const before = await this.#ports.tmux.snapshot(this.#paneId);
      if (this.#whereIs(text, before) !== 'in_composer') {
        if (press === 1) return this.failed('text_not_in_composer', visibleRows(before));
        return null;
      }
      if ((await (this.#request.mayPressEnter?.() ?? true)) === false) {
        return this.failed('fence_lost', visibleRows(before));
      }
      await this.#ports.input.pressKey(this.#paneId, 'Enter');
      this.#stages = { ...this.#stages, submittedAt: this.#stages.submittedAt ?? this.#ports.clock.now() };
      // Nobody knows whether it stands there still or was taken and is shown: only the rollout does.
      if (this.#verdict.isUnknown === true) return null;
      const left = await this.#until(
        this.#limits.enterMilliseconds + timeToDraw(text),
        (screen) => this.#whereIs(text, screen) !== 'in_composer' || this.#isSeen() === true,
      );
      if (left.met) return null;
    }
    return this.failed('enter_not_taken', visibleRows(await this.#ports.tmux.snapshot(this.#paneId)));
  }

  /** The text has left the composer: nothing is pressed or typed any more, only looked for. */
  async #awaitProof(): Promise<DeliveryResult> {
    const { clock, tmux } = this.#ports;
    const { proof, text } = this.#request;
    const since = clock.monotonic();
    let screen = await tmux.snapshot(this.#paneId);
    let wasLetGo = false;
    for (;;) {
      const isSeen = this.#isSeen();
      if (isSeen === true) {
        this.#stages = { ...this.#stages, seenAt: clock.now() };
        return this.#delivered();
      }
      wasLetGo ||= this.#whereIs(text.pasted, screen) === 'let_go';
      if (wasLetGo && (proof === null || text.isCommand)) return this.#delivered();
      const waited = clock.monotonic() - since;
      const isTaken = wasLetGo && waited >= this.#limits.busyProofMilliseconds;
      if (isTaken && (isSeen === null || waitsBehindTurn(screen))) return this.#delivered();
      if (waited >= this.#limits.proofMilliseconds + timeToDraw(text.pasted)) break;
      await clock.sleep(POLL_MILLISECONDS);
      screen = await tmux.snapshot(this.#paneId);
    }
    return this.failed(wasLetGo ? 'turn_not_seen' : 'screen_changed', visibleRows(screen));
  }

  /** Whether the rollout has it; null when nothing can be asked. */
  #isSeen(): boolean | null {
    const { proof, text } = this.#request;
    return text.isCommand ? null : (proof?.() ?? null);
  }

  /** `hidden`: a dialog or something else has taken the composer's place, and it can't be said. */
  #whereIs(text: string, screen: PaneSnapshot): 'in_composer' | 'let_go' | 'hidden' {
    const composer = readComposer(screen, this.#verdict.reads);
    if (composer.kind === 'none' && this.#verdict.isUnknown === true) {
      return isOnScreen(visibleRows(screen, Number.MAX_SAFE_INTEGER), text) ? 'in_composer' : 'hidden';
    }
    if (composer.kind === 'none') return 'hidden';
    return showsText(composer, text) ? 'in_composer' : 'let_go';
  }

  #delivered(): DeliveryResult {
    return { outcome: 'delivered', paneId: this.#paneId, stages: this.#stages };
  }

  async #until(
    milliseconds: number,
    condition: (screen: PaneSnapshot) => boolean,
  ): Promise<{ readonly met: boolean; readonly screen: PaneSnapshot }> {
    const { clock, tmux } = this.#ports;
    const deadline = clock.monotonic() + milliseconds;
    for (;;) {
      const screen = await tmux.snapshot(this.#paneId);
      if (condition(screen)) return { met: true, screen };
      if (clock.monotonic() >= deadline) return { met: false, screen };
      await clock.sleep(POLL_MILLISECONDS);
    }
  }
}

/** On a machine that is busy with others a hundred thousand characters were seen to stand there for seven seconds. */
function timeToDraw(text: string): number {
  return text.length / 5;
}

/** The end of the text, wherever it stands and however it is wrapped. */
function isOnScreen(rows: readonly string[], text: string): boolean {
  const squeeze = (some: string) => some.replaceAll(/\s+/gu, '');
  return squeeze(rows.join('')).includes(squeeze(text).slice(-200));
}

/** Codex has taken the text and shows it to the model when the turn that runs, or its question, lets it. */
function waitsBehindTurn(screen: PaneSnapshot): boolean {
  const seen = readScreen(screen);
  return isBusyScreen(seen) || hasDialog(seen);
}
