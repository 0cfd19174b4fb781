import * as z from 'zod/mini';
import { type AuditedEvent, type AuditRow, auditTables } from './auditTables.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

const inOrder = { order: 'audit', direction: 'oldest-first' } as const;

export function listAuditEvents(ledger: Connection, taskId: string): AuditedEvent[] {
  return [...auditTables.events.each(ledger, taskId, inOrder)].map(({ row }) => row);
}

/** Only what an audit of changes needs: commands and decisions, oldest first. */
export function readMutations(ledger: Connection, taskId: string) {
  return ledger.read(() => ({
    commands: [...auditTables.commands.each(ledger, taskId, inOrder)].map(({ row }) => row),
    decisions: [...auditTables.manager_decisions.each(ledger, taskId, inOrder)].map(({ row }) => row),
  }));
}

const attemptLink = z.object({ id: z.number(), command_id: z.string() });
const attemptsOf = query(
  attemptLink,
  `SELECT id, command_id FROM command_attempts WHERE command_id IN (SELECT value FROM json_each(?)) ORDER BY started_at, id`,
);
const notificationLink = z.object({
  id: z.number(),
  command_id: z.string(),
  consumed_manager_cycle_id: z.nullable(z.number()),
});
const notificationsOf = query(
  notificationLink,
  `SELECT id, command_id, consumed_manager_cycle_id FROM routed_notifications
   WHERE command_id IN (SELECT value FROM json_each($commands)) AND task_id = $taskId ORDER BY created_at, id`,
);
const decisionLink = z.object({ id: z.number(), manager_cycle_id: z.nullable(z.number()) });
const decisionsNamed = query(
  decisionLink,
  'SELECT id, manager_cycle_id FROM manager_decisions WHERE id IN (SELECT value FROM json_each($ids)) AND task_id = $taskId',
);
const decisionsAfter = query(
  decisionLink,
  `SELECT min(id) AS id, manager_cycle_id FROM manager_decisions
   WHERE task_id = $taskId AND manager_cycle_id IN (SELECT value FROM json_each($cycles)) GROUP BY manager_cycle_id`,
);

export type DecisionLink = z.infer<typeof decisionLink>;

/** What belongs to some commands of a task: their attempts and notifications, and the decisions that they name. */
export interface CommandLinks {
  readonly attempts: ReadonlyMap<string, readonly z.infer<typeof attemptLink>[]>;
  readonly notifications: ReadonlyMap<string, readonly z.infer<typeof notificationLink>[]>;
  readonly decisions: ReadonlyMap<number, DecisionLink>;
}

export function readCommandLinks(
  ledger: Connection,
  taskId: string,
  rows: readonly Pick<AuditRow<'commands'>, 'id'>[],
  decisionIds: readonly number[],
): CommandLinks {
  const commands = JSON.stringify(rows.map(({ id }) => id));
  const named = decisionsNamed.all(ledger, { taskId, ids: JSON.stringify(decisionIds) });
  return {
    attempts: byCommand(attemptsOf.all(ledger, [commands])),
    notifications: byCommand(notificationsOf.all(ledger, { taskId, commands })),
    decisions: new Map(named.map((decision) => [decision.id, decision])),
  };
}

function byCommand<Link extends { readonly command_id: string }>(links: readonly Link[]): Map<string, Link[]> {
  const groups = new Map<string, Link[]>();
  for (const link of links) {
    const group = groups.get(link.command_id);
    if (group === undefined) groups.set(link.command_id, [link]);
    else group.push(link);
  }
  return groups;
}

/** The first decision after each of these cycles. */
export function readDecisionsAfter(
  ledger: Connection,
  taskId: string,
  cycles: readonly number[],
): ReadonlyMap<number | null, DecisionLink> {
  const found = decisionsAfter.all(ledger, { taskId, cycles: JSON.stringify(cycles) });
  return new Map(found.map((decision) => [decision.manager_cycle_id, decision]));
}
