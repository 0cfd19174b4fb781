import { findCodexProcess } from '../codex/codexProcess.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import type { PaneSnapshot } from '../tmux/pane.ts';
import { readStyledRows } from '../tmux/styledText.ts';
import { readComposer, showsText } from './composer.ts';
import type { DeferralReason } from './deliveryResult.ts';
import type { OutgoingText } from './messageText.ts';
import { readScreenMood } from './screenMood.ts';

export type PaneVerdict =
  | {
      readonly kind: 'clear';
      /** The very text stands in the composer already, left by an attempt that was cut off: only Enter is missing. */
      readonly holdsText: boolean;
      readonly reads: 'pastes' | 'lines';
      readonly codexPid: number;
    }
  | { readonly kind: 'deferred'; readonly reason: DeferralReason; readonly screen: readonly string[] };

export interface PreflightQuestion {
  readonly text: OutgoingText;
  readonly whenBusy?: 'send' | 'defer';
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

  const mood = readScreenMood(snapshot);
  if (mood === 'dialog') return deferred('dialog_open');
  if (mood === 'not_ready') return deferred('not_ready');
  const composer = readComposer(snapshot);
  if (composer.kind === 'none') return deferred(composer.because === 'menu' ? 'dialog_open' : 'unknown_screen');
  if (mood === 'busy' && question.whenBusy === 'defer') return deferred('busy');
  const clear = { kind: 'clear', reads: process.isNative ? 'pastes' : 'lines', codexPid: process.pid } as const;
  if (composer.isEmpty) return { ...clear, holdsText: false };
  if (composer.isCut) return deferred('unknown_screen');
  return showsText(composer, question.text.pasted) ? { ...clear, holdsText: true } : deferred('composer_has_text');
}

/** The last rows of a screen that hold something, without styles. */
export function visibleRows({ styled }: PaneSnapshot, count = 15): readonly string[] {
  const rows = readStyledRows(styled).map((row) => row.text.trimEnd());
  return rows.filter((row) => row !== '').slice(-count);
}
