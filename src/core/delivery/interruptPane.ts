/**
 * Stops the running turn of a Codex in a pane.
 *
 * Without an explicit key: one Esc (Ctrl-C up to 0.29), and only while a turn runs, because on an idle Codex Esc opens
 * the transcript and Ctrl-C quits (facts, section 5). A key that a person named is pressed as asked, once.
 * Throws the `tmux_*` codes before the key; deferrals are results.
 */
import type { CodexVersion } from '../codex/codexVersion.ts';
import { findCodexProcess } from '../codex/codexProcess.ts';
import { hasDialog, isBusyScreen } from '../domain/screen.ts';
import type { PaneSnapshot } from '../tmux/pane.ts';
import type { PaneKey } from '../tmux/paneInput.ts';
import type { PaneAddress } from '../tmux/tmux.ts';
import type { DeferralReason } from './deliveryResult.ts';
import type { DeliveryPorts } from './deliverToPane.ts';
import { readScreen, visibleRows } from './preflight.ts';

export interface InterruptRequest {
  readonly address: PaneAddress;
  /** The key that the person named; null for the right one. */
  readonly key: PaneKey | null;
  /** Of the session's Codex; null when it isn't known. */
  readonly version: CodexVersion | null;
  /** What the rollout says about a turn; null when it says nothing. The screen of 0.169 hides streaming answers. */
  readonly isBusy: boolean | null;
  readonly beforeFirstKey?: () => boolean | Promise<boolean>;
  /** How long to watch for the end of the turn. */
  readonly settleMilliseconds?: number;
}

export type InterruptResult =
  | {
      readonly outcome: 'pressed';
      readonly paneId: string;
      readonly key: PaneKey;
      readonly pressedAt: number;
      /** Nothing runs any more on the screen. A named key is not waited for: null. */
      readonly hasSettled: boolean | null;
    }
  | {
      readonly outcome: 'deferred';
      readonly reason: DeferralReason | 'not_busy';
      readonly screen: readonly string[];
    };

const POLL_MILLISECONDS = 50;

export async function interruptPane(ports: DeliveryPorts, request: InterruptRequest): Promise<InterruptResult> {
  const { paneId } = await ports.tmux.findPane(request.address);
  let snapshot = await ports.tmux.snapshot(paneId);
  if (snapshot.pane.isInMode) {
    await ports.input.leaveCopyMode(paneId);
    snapshot = await ports.tmux.snapshot(paneId);
  }
  const obstacle = findObstacle(snapshot, ports, request);
  if (obstacle !== null) return { outcome: 'deferred', reason: obstacle, screen: visibleRows(snapshot) };
  if ((await (request.beforeFirstKey?.() ?? true)) === false) {
    return { outcome: 'deferred', reason: 'fence_lost', screen: [] };
  }
  const key = request.key ?? defaultInterruptKey(request.version);
  await ports.input.pressKey(paneId, key);
  const pressedAt = ports.clock.now();
  const hasSettled = request.key === null ? await settles(ports, paneId, request.settleMilliseconds ?? 3000) : null;
  return { outcome: 'pressed', paneId, key, pressedAt, hasSettled };
}

/** Esc since 0.40; 0.20 to 0.29 ignore it and take Ctrl-C. */
export function defaultInterruptKey(version: CodexVersion | null): PaneKey {
  return version !== null && version.major === 0 && version.minor < 30 ? 'C-c' : 'Escape';
}

function findObstacle(
  snapshot: PaneSnapshot,
  { host }: DeliveryPorts,
  request: InterruptRequest,
): DeferralReason | 'not_busy' | null {
  const { pane } = snapshot;
  if (pane.isDead) return 'pane_dead';
  const process = findCodexProcess(host, pane);
  if (process.kind === 'absent') return 'codex_not_running';
  if (process.kind === 'background') return 'codex_not_in_foreground';
  if (pane.isInMode) return 'pane_in_mode';
  if (request.key !== null) return null;
  const screen = readScreen(snapshot);
  // Esc would answer the question with no; whoever wants that denies it.
  if (hasDialog(screen)) return 'dialog_open';
  return isBusyScreen(screen) || request.isBusy === true ? null : 'not_busy';
}

async function settles({ tmux, clock }: DeliveryPorts, paneId: string, milliseconds: number): Promise<boolean> {
  const deadline = clock.monotonic() + milliseconds;
  for (;;) {
    await clock.sleep(POLL_MILLISECONDS);
    if (!isBusyScreen(readScreen(await tmux.snapshot(paneId)))) return true;
    if (clock.monotonic() >= deadline) return false;
  }
}
