import type { AttentionItem, AttentionState, SessionView } from './snapshot.ts';

const words = {
  gone: 'gone',
  crashed: 'crashed',
  ended: 'ended',
  rate_limited: 'rate limited',
  working: 'busy',
  unread: 'turn ended, unread',
  read: 'turn ended',
  idle: 'idle',
  unknown: 'unknown',
  approval: 'needs approval',
  question: 'asks a question',
  failed: 'failed',
  stalled: 'stalled',
  undelivered: 'message undelivered',
  unconfirmed: 'waits for your confirmation',
  turn_finished: 'finished its turn',
} as const;

/** What a session is at, as the person is told: in the trees, in the timeline, in the dashboard. */
export type SessionMood = keyof typeof words;

export const moodWords: Readonly<Record<SessionMood, string>> = words;

/** The parts of a session that its mood rests on. */
export interface MoodFacts extends Pick<SessionView, 'registration' | 'alive'> {
  readonly attention: Pick<SessionView['attention'], 'state' | 'detail'>;
}

/** Waiting for the person comes before working: the two must never look alike. */
export function sessionMood(
  { registration, alive, attention: { state, detail } }: MoodFacts,
  waiting: AttentionItem['kind'] | null,
): SessionMood {
  if (registration === 'gone') return 'gone';
  if (state === 'crashed') return 'crashed';
  if (alive === false || state === 'gone') return 'ended';
  if (state === 'rate_limited') return 'rate_limited';
  const asks = questionMoods[state];
  // What is asked now comes before what else waits.
  if (asks !== undefined) return asks;
  if (waiting !== null) return waiting;
  if (state === 'working' || state === 'idle' || state === 'stalled') return state;
  if (state === 'turn_ended') return detail === 'read' ? 'read' : 'unread';
  return state === 'error' ? 'failed' : 'unknown';
}

const questionMoods: Readonly<Partial<Record<AttentionState, 'approval' | 'question'>>> = {
  waiting_approval: 'approval',
  waiting_input: 'question',
};
