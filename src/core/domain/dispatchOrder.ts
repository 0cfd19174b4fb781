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
  const since = waitingSince(items);
  const sinceOf = (item: Item) => since.get(item) ?? item.since;
  for (const item of items.toSorted((left, right) => compareWork(left, right, sinceOf(left), sinceOf(right)))) {
    const isHeld = item.isPush && item.targetId !== null && held.has(item.targetId);
    if (item.isReady && !isHeld) ready.push(item);
    else if (item.isPush && item.targetId !== null) held.add(item.targetId);
  }
  return ready;
}

/**
 * Timestamps are of a wall clock, which may be set back between two messages. Nothing has waited longer than what was
 * queued before it: its place in the queue decides, the time only between queues.
 */
function waitingSince<Item extends Work>(items: readonly Item[]): ReadonlyMap<Item, string> {
  const earliest = new Map<string, string>();
  const since = new Map<Item, string>();
  for (const item of items.toSorted((left, right) => right.position - left.position)) {
    const queue = `${queueOf[item.kind]}:${item.targetId ?? item.key}`;
    const known = earliest.get(queue);
    const at = known !== undefined && known < item.since ? known : item.since;
    earliest.set(queue, at);
    since.set(item, at);
  }
  return since;
}

/** What counts positions together. */
const queueOf = {
  lostCommand: 'commands',
  command: 'commands',
  lostSignal: 'signals',
  waitingSignal: 'signals',
  newSignal: 'completions',
} as const satisfies Record<Work['kind'], string>;

const kinds: readonly Work['kind'][] = ['lostCommand', 'command', 'lostSignal', 'waitingSignal', 'newSignal'];

function compareWork(left: Work, right: Work, leftSince: string, rightSince: string): number {
  if (leftSince !== rightSince) return leftSince < rightSince ? -1 : 1;
  return kinds.indexOf(left.kind) - kinds.indexOf(right.kind) || left.position - right.position;
}
