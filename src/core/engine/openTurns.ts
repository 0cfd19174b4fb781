import type { Connection } from '../ledger/connection.ts';
import type { Clock } from '../ports/clock.ts';
import { readSessionState, type SessionState } from '../supervise/sessionState.ts';

/** Each look is a process: with more turns at once, those that wrote last are the likeliest to ask. */
const mostAtOnce = 4;

/** A question about a call is drawn right behind its line. Up to 0.80 it may stand on the screen alone, at any time. */
const afterLineMilliseconds = 10_000;

/** In which sessions a turn runs, by what was read of their rollouts. There Codex may ask something at any moment. */
export class OpenTurns {
  readonly #ledger: Connection;
  readonly #clock: Clock;
  readonly #known = new Map<string, SessionState>();
  /** When it wrote, by session; who wrote last stands last. */
  readonly #open = new Map<string, number>();

  constructor(ledger: Connection, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  knows(sessionId: string): boolean {
    return this.#known.has(sessionId);
  }

  /** Lines of this session's rollout came into the ledger. */
  grew(sessionId: string): void {
    const state = readSessionState(this.#ledger, sessionId, this.#known.get(sessionId));
    this.#known.set(sessionId, state);
    this.#open.delete(sessionId);
    if (state.turn.turn.phase === 'working') this.#open.set(sessionId, this.#clock.monotonic());
  }

  /** It is not looked at closely until it writes again: nobody can say that it lives. */
  rest(sessionId: string): void {
    this.#open.delete(sessionId);
  }

  /** Who may ask something now. */
  closest(): ReadonlySet<string> {
    const since = this.#clock.monotonic() - afterLineMilliseconds;
    const likely = [...this.#open].filter(([id, at]) => at > since || this.#known.get(id)?.turn.grammar !== 'marked');
    return new Set(likely.slice(-mostAtOnce).map(([id]) => id));
  }
}
