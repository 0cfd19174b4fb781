import type { BusyWaitView, PaneView } from '../ledger/observationStore.ts';

/** What a pane adds to what the rollout says. Wire names: it is printed and kept with the cycle. */
export interface PaneSignal {
  readonly captured: boolean;
  readonly classifier: BusyWaitView | null;
  readonly notable_pattern: string | null;
  readonly status_age_seconds: number | null;
  readonly reason: string | null;
  readonly degraded: boolean;
}

export interface PaneSignalQuestion {
  /** Null when nobody looked: the caller sits in a sandbox and no supervisor lives. */
  readonly pane: PaneView | null;
  readonly staleness: Staleness;
  readonly busyWaitSeconds: number;
  /** Events that were read within those seconds: a turn that reports so often does not hang. */
  readonly recentEventCount: number;
}

/** Age of what the state rests on. `problem`: there is such an event, but nobody can read its time (OD-6). */
export interface Staleness {
  readonly seconds: number | null;
  readonly problem: string | null;
}

const manyEvents = 10;

export function paneSignal({ pane, staleness, busyWaitSeconds, recentEventCount }: PaneSignalQuestion): PaneSignal {
  const age = staleness.seconds;
  const blind = { captured: false, classifier: null, notable_pattern: null, status_age_seconds: null };
  if (pane === null) return { ...blind, degraded: true, reason: 'no supervisor has looked at the pane' };
  if (!pane.captured) return { ...blind, degraded: pane.expected, reason: pane.problem };
  const found = patternAt(pane, age, busyWaitSeconds);
  const isLively = found?.pattern === 'long_running_interruptible' && recentEventCount >= manyEvents;
  const classifier = isLively ? null : found;
  return {
    captured: true,
    classifier,
    status_age_seconds: age === null ? null : Math.trunc(age),
    notable_pattern: classifier?.pattern ?? null,
    degraded: staleness.problem !== null,
    reason: staleness.problem === null ? null : `staleness unavailable: ${staleness.problem}`,
  };
}

function patternAt({ pattern }: PaneView, age: number | null, busyWaitSeconds: number): BusyWaitView | null {
  if (age === null) return pattern.unknown;
  return age < busyWaitSeconds ? pattern.fresh : pattern.old;
}
