import type { TurnState } from './turnState.ts';

export interface ScreenEvidence {
  /** A `ScreenClass`, as it was stored. */
  readonly class: string;
  /** A `DialogClass`. */
  readonly dialog: string | null;
  readonly notice: { readonly kind: string; readonly text: string } | null;
  /** Wall clock, milliseconds. */
  readonly at: number;
}

export interface ProcessEvidence {
  /** Null: can't be told from here. */
  readonly alive: boolean | null;
  readonly reason: string;
  readonly at: number;
  /** When it began, wall clock; null when nobody knows. */
  readonly startedAt: number | null;
}

export type SignalKind = 'turn_started' | 'turn_ended' | 'approval_requested' | 'input_requested' | 'model_failed';

/** What Codex itself reports where it does: status events of an app server, hooks. Lost, late or doubled ones do no harm. */
export interface SignalEvidence {
  readonly source: 'app_server' | 'hook';
  readonly kind: SignalKind;
  readonly at: number;
}

export interface AttentionEvidence {
  readonly now: number;
  readonly turn: TurnState;
  /** When the rollout last grew: for versions whose lines carry no time. Null when nobody knows. */
  readonly writtenAt: number | null;
  readonly screen: ScreenEvidence | null;
  readonly process: ProcessEvidence | null;
  readonly signals: readonly SignalEvidence[];
  /** When somebody last looked at what the session had to say; null: nobody yet. */
  readonly readAt: number | null;
  /** A turn that has written nothing for so long has stalled. */
  readonly silenceLimitSeconds: number;
}
