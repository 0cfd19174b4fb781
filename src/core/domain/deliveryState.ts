/** The way of one message into one session. The names are those of `panel_deliveries.state`. */
export const deliveryStates = [
  'queued',
  'claimed',
  'typed',
  'submitted',
  'seen',
  'answered',
  'deferred',
  'undelivered',
] as const;
export type DeliveryState = (typeof deliveryStates)[number];

const order: readonly DeliveryState[] = ['queued', 'claimed', 'typed', 'submitted', 'seen', 'answered'];

/**
 * May the one state follow the other? Forward in any stride, for a stage can be found out late; back only to be tried
 * again. What was seen in the rollout stays seen.
 */
export function mayFollow(from: DeliveryState, to: DeliveryState): boolean {
  if (from === to) return true;
  if (from === 'deferred' || from === 'undelivered') return true;
  const wasSeen = order.indexOf(from) >= order.indexOf('seen');
  if (to === 'deferred' || to === 'undelivered' || to === 'claimed') return !wasSeen;
  return order.indexOf(to) > order.indexOf(from);
}
