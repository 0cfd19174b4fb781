import { type Attention, reduceAttention } from '../domain/attention.ts';
import type { ProcessEvidence, ScreenEvidence } from '../domain/attentionEvidence.ts';
import { parseTimestamp } from '../domain/timestamps.ts';
import type { Connection } from '../ledger/connection.ts';
import { findLastReading } from '../ledger/cycleStore.ts';
import type { PaneView, StoredObservation } from '../ledger/observationStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import { findLook, listSignals } from '../ledger/signalStore.ts';
import { startedAt } from '../ports/hostFacts.ts';
import type { SessionState } from './sessionState.ts';

/** A turn may think for minutes without writing a line; after so long somebody should look. */
export const defaultSilenceSeconds = 300;

export interface AttentionQuestion {
  readonly session: { readonly id: string; readonly state: 'active' | 'gone' };
  readonly state: SessionState;
  /** Null when nobody could look, or not lately enough to be believed. */
  readonly observation: Pick<StoredObservation, 'alive' | 'reason' | 'pane' | 'age_seconds'> | null;
  readonly now: number;
  readonly silenceLimitSeconds?: number;
}

/** What a session is at, from everything that the ledger and a look at its pane can tell. */
export function attentionOfSession(ledger: Connection, question: AttentionQuestion): Attention {
  const { session, state, observation, now } = question;
  // An observation of before a restart has no age, and says nothing about now.
  const seenAt = observation?.age_seconds == null ? null : now - observation.age_seconds * 1000;
  return reduceAttention({
    now,
    turn: state.turn,
    writtenAt: state.lastIngestedAt === null ? null : parseTimestamp(state.lastIngestedAt),
    screen: observation === null || seenAt === null ? null : screenEvidence(observation.pane, seenAt),
    process: processEvidence(ledger, question, seenAt),
    signals: listSignals(ledger, session.id),
    readAt: lastOf([findLastReading(ledger, session.id), findLook(ledger, session.id)]),
    silenceLimitSeconds: question.silenceLimitSeconds ?? defaultSilenceSeconds,
  });
}

function lastOf(times: readonly (string | null)[]): number | null {
  const known = times.flatMap((time) => (time === null ? [] : (parseTimestamp(time) ?? [])));
  return known.length === 0 ? null : Math.max(...known);
}

function screenEvidence({ captured, screen, dialog, notice }: PaneView, at: number): ScreenEvidence | null {
  return captured ? { class: screen ?? 'unknown', dialog, notice, at } : null;
}

function processEvidence(
  ledger: Connection,
  { session, observation, now }: AttentionQuestion,
  at: number | null,
): ProcessEvidence | null {
  if (session.state === 'gone')
    return { alive: false, reason: 'the session was ended', at: at ?? now, startedAt: null };
  if (observation === null || at === null) return null;
  const panel = findPanelSession(ledger, session.id);
  const began = panel?.process_start == null ? null : startedAt(panel.process_start, now);
  // Its start is reckoned from today's clock. Set forward since, that would lie behind what its own turn has written.
  const known = parseTimestamp(panel?.registered_at ?? '');
  return {
    alive: observation.alive,
    reason: observation.reason,
    at,
    startedAt: began === null || known === null ? began : Math.min(began, known),
  };
}

/** What somebody should look at. The kinds are those of the panel, and one for a session that is no more. */
export interface Need {
  readonly kind: 'approval' | 'question' | 'failed' | 'stalled' | 'undelivered' | 'gone';
  readonly message: string;
}

export interface NeedQuestion {
  readonly session: string;
  readonly attention: Attention;
  /** Null when nobody could look. */
  readonly pane: PaneView | null;
  /** Messages to it that did not arrive: why. */
  readonly undelivered: readonly (string | null)[];
}

/** What a session needs from somebody, the most pressing first. What waits for a person does so however fresh it is. */
export function needsOf({ session, attention, pane, undelivered }: NeedQuestion): Need[] {
  const need = needOf(session, attention);
  const found = need === null ? [] : [need];
  const pattern = pane?.pattern.fresh ?? null;
  if (pattern !== null && need === null) found.push({ kind: 'question', message: `${session}: ${pattern.reason}.` });
  for (const reason of undelivered) {
    const why = reason === null ? '' : `: ${reason}`;
    found.push({ kind: 'undelivered', message: `A message to ${session} was not delivered${why}.` });
  }
  return found;
}

/** The need that a state stands for; null where nobody has to do anything. */
export function needOf(session: string, { state, detail, reason }: Attention): Need | null {
  switch (state) {
    case 'waiting_approval':
      return { kind: 'approval', message: `${session} waits for an approval (${detail ?? 'of something'}).` };
    case 'waiting_input': {
      const message =
        detail === 'question' ? `${session} asks a question.` : `${session} waits at a dialog (${words(detail)}).`;
      return { kind: 'question', message };
    }
    case 'rate_limited':
    case 'error':
      return { kind: 'failed', message: `${session}: ${reason}.` };
    case 'stalled':
      return { kind: 'stalled', message: `${session}: ${reason}.` };
    case 'crashed':
      return { kind: 'gone', message: `${session} ended in the middle of a turn: ${reason}.` };
    case 'gone':
      return { kind: 'gone', message: `${session} does not run any more: ${reason}.` };
    case 'working':
    case 'turn_ended':
    case 'idle':
    case 'unknown':
      return null;
    default:
      return state satisfies never;
  }
}

function words(detail: string | null): string {
  return (detail ?? 'unknown').replaceAll('_', ' ');
}
