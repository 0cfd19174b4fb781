import { ingestSession } from '../ingest/ingestSession.ts';
import { findSessionOfThread, type Session } from '../ledger/sessionStore.ts';
import { findPresentThread, followThread } from '../supervise/followThread.ts';
import type { CoreStepsOptions } from './coreSteps.ts';

/** The title is looked at with every look; the open files of a process are a walk through `/proc`. */
const filesEveryMilliseconds = 5000;

/** Keeps a session with the conversation that its Codex really has. */
export class ThreadFollower {
  readonly #options: CoreStepsOptions;
  readonly #lookedAt = new Map<string, number>();

  constructor(options: CoreStepsOptions) {
    this.#options = options;
  }

  /** True when the session goes on with another conversation. */
  async look(session: Session, title: string): Promise<boolean> {
    const { codexHome, confirmThread, observe } = this.#options;
    const { ledger, clock, host } = observe;
    const now = clock.monotonic();
    const looksAtFiles = now - (this.#lookedAt.get(session.id) ?? -Infinity) >= filesEveryMilliseconds;
    if (looksAtFiles) this.#lookedAt.set(session.id, now);
    const present = findPresentThread({ host, codexHome }, session, title, looksAtFiles);
    if (present === null) return false;
    // What is another session's is not this one's, whoever holds it open for a moment.
    const owner = findSessionOfThread(ledger, present.threadId);
    if (owner !== null && owner.id !== session.id) return false;
    // To its end first: what the old conversation still said must be told.
    if (session.codex_session_path !== null) await ingestSession({ ledger, clock }, session, { quiet: true });
    followThread({ ledger, clock, confirmThread }, session, present);
    return true;
  }
}
