import { isJsonObject, type JsonObject } from '../domain/json.ts';
import { readCommandLinks, readDecisionsAfter, type CommandLinks } from '../ledger/auditQueryStore.ts';
import { type AuditRow, auditTables } from '../ledger/auditTables.ts';
import type { Connection } from '../ledger/connection.ts';
import type { Direction, KeyedRow } from '../ledger/pagedTable.ts';

/** How one command or notification came about and what became of it. Wire names. */
export interface CorrelationChain {
  readonly command_id: string | null;
  readonly command_type: string;
  readonly command_state: string;
  readonly correlation_id: string | null;
  readonly created_at: string;
  readonly attempt_ids: readonly number[];
  readonly routed_notification_ids: readonly number[];
  readonly manager_decision_id: number | null;
  readonly manager_cycle_id: number | null;
  /** Of commands only. */
  readonly manager_decision_cycle_id?: number | null;
  /** Of notifications without a command only. */
  readonly signal_type?: string;
  readonly source_event_id?: number | null;
}

type CommandRow = AuditRow<'commands'>;
type NotificationRow = AuditRow<'routed_notifications'>;

/** One chain for every command that is tied to anything, and one for every notification without a command; oldest first. */
export function* correlationChains(ledger: Connection, taskId: string): Generator<CorrelationChain> {
  const walk = { direction: 'oldest-first' } as const;
  const commands = commandChains(ledger, taskId, { ...walk, order: 'audit' });
  let next = commands.next();
  for (const signal of signalChains(ledger, taskId, walk)) {
    for (; !next.done && next.value.created_at < signal.created_at; next = commands.next()) yield next.value;
    yield signal;
  }
  for (; !next.done; next = commands.next()) yield next.value;
}

interface ChainWalk {
  readonly direction: Direction;
  /** From that time on. */
  readonly from?: string | null;
}

interface CommandWalk extends ChainWalk {
  /** Of commands of one second: by their ids, or as they were queued. */
  readonly order: 'audit' | 'story';
}

/** By the time of their commands. */
export function* commandChains(ledger: Connection, taskId: string, walk: CommandWalk): Generator<CorrelationChain> {
  const rows = auditTables.commands.each(ledger, taskId, walk);
  for (const some of batches(rows)) yield* chainsOfCommands(ledger, taskId, some);
}

/** By the time of their notifications. */
export function* signalChains(ledger: Connection, taskId: string, walk: ChainWalk): Generator<CorrelationChain> {
  const rows = auditTables.routed_notifications.each(ledger, taskId, { ...walk, order: 'chains' });
  for (const some of batches(rows)) yield* chainsOfSignals(ledger, taskId, some);
}

const batchSize = 16;

function* batches<Row>(rows: Iterable<KeyedRow<Row>>): Generator<Row[]> {
  let batch: Row[] = [];
  for (const { row } of rows) {
    if (batch.push(row) < batchSize) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

export function chainsOfCommands(
  ledger: Connection,
  taskId: string,
  commands: readonly CommandRow[],
): CorrelationChain[] {
  const decisionIds = commands.map(({ payload, result }) => linkedDecisionId(payload, result));
  const named = decisionIds.filter((id) => id !== null);
  const links = readCommandLinks(ledger, taskId, commands, named);
  return commands.flatMap((command) => chainOfCommand(command, links));
}

function chainOfCommand(command: CommandRow, links: CommandLinks): CorrelationChain[] {
  const attempts = links.attempts.get(command.id) ?? [];
  const notifications = links.notifications.get(command.id) ?? [];
  const decisionId = linkedDecisionId(command.payload, command.result);
  const isTied = attempts.length > 0 || notifications.length > 0 || decisionId !== null;
  if (!isTied && command.correlation_id === null) return [];
  const consumed = notifications.find(({ consumed_manager_cycle_id: cycle }) => cycle !== null);
  const decisionCycle = (decisionId === null ? undefined : links.decisions.get(decisionId))?.manager_cycle_id ?? null;
  return [
    {
      command_id: command.id,
      command_type: command.type,
      command_state: command.state,
      correlation_id: command.correlation_id,
      created_at: command.created_at,
      attempt_ids: attempts.map(({ id }) => id),
      routed_notification_ids: notifications.map(({ id }) => id),
      manager_decision_id: decisionId,
      manager_decision_cycle_id: decisionCycle,
      manager_cycle_id: consumed?.consumed_manager_cycle_id ?? decisionCycle,
    },
  ];
}

/** Of notifications that no command brought. */
export function chainsOfSignals(
  ledger: Connection,
  taskId: string,
  notifications: readonly NotificationRow[],
): CorrelationChain[] {
  const signals = notifications.filter(({ command_id }) => command_id === null);
  const cycles = signals.map(({ consumed_manager_cycle_id: cycle }) => cycle).filter((cycle) => cycle !== null);
  const decisions = readDecisionsAfter(ledger, taskId, cycles);
  return signals.map((notification) => {
    const cycle = notification.consumed_manager_cycle_id;
    return {
      command_id: null,
      command_type: notification.signal_type,
      command_state: notification.state,
      correlation_id: notification.correlation_id,
      created_at: notification.created_at,
      attempt_ids: [],
      routed_notification_ids: [notification.id],
      manager_decision_id: (cycle === null ? undefined : decisions.get(cycle))?.id ?? null,
      manager_cycle_id: cycle,
      signal_type: notification.signal_type,
      source_event_id: notification.source_event_id,
    };
  });
}

/** The decision that a command names, in its order or in its result. */
export function linkedDecisionId(payload: JsonObject, result: JsonObject | null): number | null {
  return decisionIdOf(payload.manager_decision) ?? decisionIdOf(result?.manager_decision);
}

/** Older rows have `decision_id`, others the decision itself; some wrote the number as text. */
export function decisionIdOf(metadata: unknown): number | null {
  if (!isJsonObject(metadata)) return null;
  return (
    integerFrom(metadata.decision_id) ?? (isJsonObject(metadata.decision) ? integerFrom(metadata.decision.id) : null)
  );
}

function integerFrom(value: unknown): number | null {
  if (typeof value === 'number') return Number.isInteger(value) ? value : null;
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : null;
}
