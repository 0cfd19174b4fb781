/**
 * What a manager calls every minute. These verbs have a program of their own beside the one that can do everything:
 * reading and unpacking all of that was a fifth of what they took.
 */
export const frequentVerbs = [
  'criteria',
  'cycle',
  'enqueue-notify-manager',
  'enqueue-nudge-worker',
  'manager-ack',
  'manager-inbox',
  'manager-permission',
  'record-decision',
  'session-inbox',
  'sessions',
  'tail',
  'tasks',
  'worker-ack',
  'worker-inbox',
] as const;

export type FrequentVerb = (typeof frequentVerbs)[number];
