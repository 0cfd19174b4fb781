import type { FrequentVerb } from './frequentVerbs.ts';
import type { AnyOperation } from './operation.ts';

export const frequentOperations = {
  criteria: async () => (await import('./criteria.ts')).criteria,
  cycle: async () => (await import('./cycle.ts')).cycle,
  'enqueue-notify-manager': async () => (await import('./enqueue.ts')).enqueueNotifyManager,
  'enqueue-nudge-worker': async () => (await import('./enqueue.ts')).enqueueNudgeWorker,
  'manager-ack': async () => (await import('./acknowledgements.ts')).managerAck,
  'manager-inbox': async () => (await import('./inboxes.ts')).managerInbox,
  'manager-permission': async () => (await import('./managerPermission.ts')).managerPermission,
  'record-decision': async () => (await import('./recordDecision.ts')).recordDecision,
  'session-inbox': async () => (await import('./inboxes.ts')).sessionInbox,
  sessions: async () => (await import('./sessions.ts')).sessions,
  tail: async () => (await import('./tail.ts')).tail,
  tasks: async () => (await import('./tasks.ts')).tasks,
  'worker-ack': async () => (await import('./acknowledgements.ts')).workerAck,
  'worker-inbox': async () => (await import('./inboxes.ts')).workerInbox,
} as const satisfies Readonly<Record<FrequentVerb, () => Promise<AnyOperation>>>;
