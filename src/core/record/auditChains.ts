import { isJsonObject, type JsonObject } from '../domain/json.ts';
import type { AuditTables } from '../ledger/auditQueryStore.ts';

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

type ChainTables = Pick<AuditTables, 'commands' | 'command_attempts' | 'routed_notifications' | 'manager_decisions'>;

/** One chain for every command that is tied to anything, and one for every notification without a command. */
export function correlationChains(tables: ChainTables): CorrelationChain[] {
  return [...tables.commands.flatMap((command) => chainOfCommand(command, tables)), ...signalChains(tables)].toSorted(
    (left, right) =>
      compare(left.created_at, right.created_at) || compare(left.command_id ?? '', right.command_id ?? ''),
  );
}

function chainOfCommand(command: AuditTables['commands'][number], tables: ChainTables): CorrelationChain[] {
  const attempts = tables.command_attempts.filter(({ command_id }) => command_id === command.id);
  const notifications = tables.routed_notifications.filter(({ command_id }) => command_id === command.id);
  const decisionId = linkedDecisionId(command.payload, command.result);
  const isTied = attempts.length > 0 || notifications.length > 0 || decisionId !== null;
  if (!isTied && command.correlation_id === null) return [];
  const decision = tables.manager_decisions.find(({ id }) => id === decisionId);
  const consumed = notifications.find(({ consumed_manager_cycle_id: cycle }) => cycle !== null);
  const decisionCycle = decision?.manager_cycle_id ?? null;
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

function signalChains({ routed_notifications, manager_decisions }: ChainTables): CorrelationChain[] {
  return routed_notifications
    .filter(({ command_id }) => command_id === null)
    .map((notification) => {
      const cycle = notification.consumed_manager_cycle_id;
      const decision = manager_decisions.find(({ manager_cycle_id: of }) => cycle !== null && of === cycle);
      return {
        command_id: null,
        command_type: notification.signal_type,
        command_state: notification.state,
        correlation_id: notification.correlation_id,
        created_at: notification.created_at,
        attempt_ids: [],
        routed_notification_ids: [notification.id],
        manager_decision_id: decision?.id ?? null,
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

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
