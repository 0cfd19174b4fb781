import { findCodexProcess } from '../codex/codexProcess.ts';
import { recogniseScreen } from '../codex/screens.ts';
import { hasDialog, isBusyScreen, type Screen } from '../domain/screen.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import type { PaneSnapshot } from '../tmux/pane.ts';
import { readStyledRows } from '../tmux/styledText.ts';
import { holdsExactly, readComposer, type ComposerStyle } from './composer.ts';
import type { DeferralReason } from './deliveryResult.ts';
import type { OutgoingText } from './messageText.ts';

export type PaneVerdict =
  | {
      readonly kind: 'clear';
      /** The very text stands in the composer already, left by an attempt that was cut off: only Enter is missing. */
      readonly holdsText: boolean;
      readonly reads: ComposerStyle;
      /** No composer is recognised, and the person wants it sent all the same. */
      readonly isUnknown?: boolean;
      readonly codexPid: number;
    }
  | { readonly kind: 'deferred'; readonly reason: DeferralReason; readonly screen: readonly string[] };

export interface PreflightQuestion {
  readonly text: OutgoingText;
  readonly whenBusy?: 'send' | 'defer';
  /** The person has looked at the screen, and takes it for one that reads messages. Never a recognised question. */
  readonly acceptsUnknownScreen?: boolean;
}

/** May this text be typed into this pane now? Decides from one snapshot and the process tree; changes nothing. */
export function checkPane(snapshot: PaneSnapshot, host: HostFacts, question: PreflightQuestion): PaneVerdict {
  const { pane } = snapshot;
  const deferred = (reason: DeferralReason): PaneVerdict => ({
    kind: 'deferred',
    reason,
    screen: visibleRows(snapshot),
  });

  if (pane.isDead) return deferred('pane_dead');
  const process = findCodexProcess(host, pane);
  if (process.kind === 'absent') return deferred('codex_not_running');
  if (process.kind === 'background') return deferred('codex_not_in_foreground');
  if (pane.isInMode) return deferred('pane_in_mode');

  const screen = readScreen(snapshot);
  const obstacle = isTrustQuestion(snapshot) ? 'dialog_open' : screenObstacle(screen);
  if (obstacle !== null) return deferred(obstacle);
  const reads = process.isNative ? 'pastes' : 'lines';
  const composer = readComposer(snapshot, reads);
  if (composer.kind === 'none' && composer.because !== 'menu' && question.acceptsUnknownScreen === true) {
    return { kind: 'clear', holdsText: false, reads, isUnknown: true, codexPid: process.pid };
  }
  if (composer.kind === 'none') return deferred(composer.because === 'menu' ? 'dialog_open' : 'unknown_screen');
  if (isBusyScreen(screen) && question.whenBusy === 'defer') return deferred('busy');
  const clear = { kind: 'clear', reads, codexPid: process.pid } as const;
  if (composer.isEmpty) return { ...clear, holdsText: false };
  if (composer.isHeadless) return deferred('unknown_screen');
  return holdsExactly(composer, question.text.pasted) ? { ...clear, holdsText: true } : deferred('composer_has_text');
}

/** What Codex's screen is. Nothing but the visible screen is looked at. */
export function readScreen({ pane, styled }: PaneSnapshot): Screen {
  return recogniseScreen({ pane: readStyledRows(styled), title: pane.title });
}

/** Codex asks whether it may work in this folder. Also where options stand side by side, as stand-ins draw them. */
export function isTrustQuestion(snapshot: PaneSnapshot): boolean {
  if (readScreen(snapshot).class === 'trust_prompt') return true;
  const [question = '', options = ''] = visibleRows(snapshot, 2);
  return /^\s*Do you trust the contents of this directory\?/u.test(question) && /^› 1\. Yes, continue\b/u.test(options);
}

/** Whether something other than the composer has the keyboard. A screen that nobody knows may still show a composer. */
function screenObstacle(screen: Screen): DeferralReason | null {
  if (hasDialog(screen)) return 'dialog_open';
  switch (screen.class) {
    case 'blank':
    case 'starting':
    case 'server_lost':
      return 'not_ready';
    case 'transcript_browsing':
    case 'transcript_pager':
    case 'resume_picker':
    case 'agents_list':
      return 'unknown_screen';
    case 'exited':
      return 'codex_not_running';
    default:
      return null;
  }
}

/** The last rows of a screen that hold something, without styles. */
export function visibleRows({ styled }: PaneSnapshot, count = 15): readonly string[] {
  const rows = readStyledRows(styled).map((row) => row.text.trimEnd());
  return rows.filter((row) => row !== '').slice(-count);
}
