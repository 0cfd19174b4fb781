/** One thing that a dispatcher could do now: carry out a command, look after one that was lost, or pass on a signal. */
export interface Work {
  /** Unique within a pass. */
  readonly key: string;
  readonly kind: 'lostCommand' | 'command' | 'lostSignal' | 'waitingSignal' | 'newSignal';
  /** The session that it is for; null when there is none (any more). */
  readonly targetId: string | null;
  /** It is typed into a pane, where order counts. A mailbox keeps its own order. */
  readonly isPush: boolean;
  /** Ledger timestamp since when it waits, and its place among those of the same kind. */
  readonly since: string;
  readonly position: number;
  /** False while it rests after a failure, or is in another dispatcher's hands. */
  readonly isReady: boolean;
}

/**
 * What comes next: the oldest first, whatever its kind, so that neither commands nor completions starve the other
 * (OD-13). What is typed into one pane keeps its order (OD-14): while an item rests, those behind it wait, and nobody
 * else does.
 */
export function orderWork<Item extends Work>(items: readonly Item[]): readonly Item[] {
  const held = new Set<string>();
  const ready: Item[] = [];
  for (const item of items.toSorted(compareWork)) {
    const isHeld = item.isPush && item.targetId !== null && held.has(item.targetId);
    if (item.isReady && !isHeld) ready.push(item);
    else if (item.isPush && item.targetId !== null) held.add(item.targetId);
  }
  return ready;
}

const kinds: readonly Work['kind'][] = ['lostCommand', 'command', 'lostSignal', 'waitingSignal', 'newSignal'];

function compareWork(left: Work, right: Work): number {
  if (left.since !== right.since) return left.since < right.since ? -1 : 1;
  return kinds.indexOf(left.kind) - kinds.indexOf(right.kind) || left.position - right.position;
}
