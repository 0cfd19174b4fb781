/** The four tracks of the timeline, in the order messages flow: a person, the manager, what carries, the worker. */
export const lanes = ['you', 'manager', 'conveyor', 'worker'] as const;
export type Lane = (typeof lanes)[number];

export const laneNames: Readonly<Record<Lane, string>> = {
  you: 'You',
  manager: 'Manager',
  conveyor: 'Conveyor',
  worker: 'Worker',
};

/** Legacy rows say `manager -> worker`: whoever acts counts. */
export function laneOf(actor: string): Lane {
  const who = actor.split('->')[0]?.trim();
  switch (who) {
    case 'worker':
    case 'manager':
      return who;
    case 'reviewer':
      return 'manager';
    case 'operator':
      return 'you';
    default:
      return 'conveyor';
  }
}
