import { readTurnEvent } from '../codex/readTurnEvent.ts';
import { parseTimestamp } from '../domain/timestamps.ts';
import {
  type Delivery,
  type DeliveryItem,
  type DeliveryMove,
  findTurnEnd,
  itemOf,
  listUnanswered,
  listUserTurns,
  moveDelivery,
} from '../ledger/deliveryStore.ts';
import type { DispatchDependencies } from './dependencies.ts';
import { fingerprint } from './pushMessage.ts';

/**
 * What became of messages that Codex took: its user turn (which can come late, when a turn was running), then the end
 * of the turn. From what is ingested; no file is read.
 */
export function followDeliveries(deps: DispatchDependencies): void {
  const { ledger, clock } = deps;
  const moves = listUnanswered(ledger).flatMap((delivery) => nextStages(deps, delivery));
  if (moves.length === 0) return; // mostly, and without a lock
  ledger.write(() => {
    for (const { item, move } of moves) moveDelivery(ledger, item, move, clock.now());
  });
}

interface Stage {
  readonly item: DeliveryItem;
  readonly move: DeliveryMove;
}

function nextStages({ ledger, clock }: DispatchDependencies, delivery: Delivery): readonly Stage[] {
  const item = itemOf(delivery);
  const seen = delivery.seen_event_id === null ? findSeen({ ledger }, delivery) : { id: delivery.seen_event_id };
  if (item === null || seen === null) return [];
  const at = (timestamp: string) => parseTimestamp(timestamp) ?? clock.now();
  const end = findTurnEnd(ledger, delivery.session_id, seen.id);
  if (end !== null) {
    return [{ item, move: { state: 'answered', seenEventId: seen.id, answeredAt: at(end.timestamp) } }];
  }
  if (!('timestamp' in seen)) return [];
  const seenAt = delivery.seen_at === null ? at(seen.timestamp) : null;
  return [{ item, move: { state: 'seen', seenEventId: seen.id, seenAt } }];
}

function findSeen({ ledger }: Pick<DispatchDependencies, 'ledger'>, delivery: Delivery) {
  const said = listUserTurns(ledger, delivery).find((event) => {
    const turn = readTurnEvent(event);
    return turn.kind === 'userMessageSeen' && fingerprint(turn.text) === delivery.text_sha256;
  });
  return said ?? null;
}
