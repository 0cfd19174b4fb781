import type { Clock } from '../ports/clock.ts';
import type { Pane, PaneSnapshot } from './pane.ts';
import { choosePane, type Tmux } from './tmux.ts';

/** What an observer needs of tmux. */
export type PaneReader = Pick<Tmux, 'findPane' | 'snapshot'>;

interface Kept {
  readonly snapshot: PaneSnapshot;
  readonly takenAt: number;
  readonly takenMonotonic: number;
}

/** Whatever tmux says, a screen is looked at this often. Milliseconds. */
const longestTrust = 10_000;

/**
 * Looks again and again at the panes of one tmux server, with as few processes as can be: one for each round, and one
 * for each pane on which something may have been drawn since its last look.
 */
export class PaneRounds {
  readonly #tmux: Tmux;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(tmux: Tmux, clock: Clock) {
    this.#tmux = tmux;
    this.#clock = clock;
  }

  /** A reader for one round: its panes are listed once, when the first is asked for. */
  begin(): PaneReader {
    let listing: Promise<readonly Pane[]> | null = null;
    const list = () => (listing ??= this.#list());
    return {
      findPane: async (address) => choosePane(await list(), address),
      snapshot: async (paneId) => this.#look(await list(), paneId),
    };
  }

  async #list(): Promise<readonly Pane[]> {
    const panes = await this.#tmux.listPanes();
    for (const paneId of this.#kept.keys()) {
      if (!panes.some((pane) => pane.paneId === paneId)) this.#kept.delete(paneId);
    }
    return panes;
  }

  async #look(panes: readonly Pane[], paneId: string): Promise<PaneSnapshot> {
    const kept = this.#kept.get(paneId);
    if (kept !== undefined && this.#isAsItWas(panes, kept)) return kept.snapshot;
    // Before the look: what is drawn while it is taken counts as drawn after it.
    const taken = { takenAt: this.#clock.now(), takenMonotonic: this.#clock.monotonic() };
    const snapshot = await this.#tmux.snapshot(paneId);
    this.#kept.set(paneId, { snapshot, ...taken });
    return snapshot;
  }

  #isAsItWas(panes: readonly Pane[], { snapshot, takenAt, takenMonotonic }: Kept): boolean {
    if (this.#clock.monotonic() - takenMonotonic >= longestTrust) return false;
    const { pane } = snapshot;
    const isQuiet = pane.windowActiveAt < Math.floor(takenAt / 1000);
    return isQuiet && panes.some((listed) => isSame(listed, pane));
  }
}

/** Both have the same parser, so the same order of keys. */
function isSame(one: Pane, other: Pane): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
