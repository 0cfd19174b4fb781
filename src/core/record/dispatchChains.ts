import { isJsonObject, type JsonObject } from '../domain/json.ts';
import type {
  DispatchHealthRows,
  HealthAttempt,
  HealthCommand,
  HealthDecision,
  HealthNotification,
} from '../ledger/dispatchHealthStore.ts';
import { linkedDecisionId } from './auditChains.ts';

/** One step of a chain, in words that hold nothing anybody typed. */
export interface ConversationStep {
  readonly kind: 'manager_decision' | 'dispatch_attempt' | 'routed_notification' | 'worker_receipt' | 'manager_cycle';
  readonly label: string;
  readonly detail: string;
}

/** How one command or completion came about and what became of it. */
export interface DispatchChain {
  readonly key: string;
  readonly at: string;
  readonly title: string;
  readonly state: string;
  readonly correlationId: string | null;
  readonly cycleId: number | null;
  readonly decisionId: number | null;
  readonly sourceEventId: number | null;
  readonly attempts: number;
  readonly notifications: number;
  /** Something was begun of which nobody knows that it ended. */
  readonly isAtRisk: boolean;
  /** Why a loop may not go on, or null. */
  readonly blocked: string | null;
  readonly conversation: readonly ConversationStep[];
}

type Rows = Pick<DispatchHealthRows, 'commands' | 'attempts' | 'notifications' | 'decisions'>;

/** The newest chains, newest first. */
export function dispatchChains(rows: Rows, most: number): readonly DispatchChain[] {
  const ofCommands = rows.commands.flatMap((command) => chainOfCommand(command, rows));
  const ofSignals = rows.notifications
    .filter(({ command_id: id }) => id === null)
    .map((notification) => chainOfSignal(notification, rows));
  return [...ofCommands, ...ofSignals].toSorted((left, right) => compare(right.at, left.at)).slice(0, most);
}

function chainOfCommand(command: HealthCommand, rows: Rows): DispatchChain[] {
  const attempts = rows.attempts.filter(({ command_id: id }) => id === command.id);
  const notifications = rows.notifications.filter(({ command_id: id }) => id === command.id).toReversed();
  const decisionId = linkedDecisionId(command.payload, command.result);
  const isTied = attempts.length > 0 || notifications.length > 0 || decisionId !== null;
  if (!isTied && command.correlation_id === null) return [];
  const decision = rows.decisions.find(({ id }) => id === decisionId);
  const consumed = notifications.find(({ consumed_manager_cycle_id: id }) => id !== null);
  const cycleId = consumed?.consumed_manager_cycle_id ?? decision?.manager_cycle_id ?? null;
  return [
    {
      key: command.id,
      at: command.created_at,
      title: command.type,
      state: command.state,
      correlationId: command.correlation_id,
      cycleId,
      decisionId,
      sourceEventId: null,
      attempts: attempts.length,
      notifications: notifications.length,
      isAtRisk: attempts.some((attempt) => attempt.side_effect_started && !attempt.side_effect_completed),
      blocked: blockedPolicy(attempts),
      conversation: [
        ...(decision === undefined ? [] : [decisionStep(decision)]),
        ...attempts.map(attemptStep),
        ...notifications.map(notificationStep),
        ...receiptSteps(command),
        ...cycleSteps(notifications),
      ],
    },
  ];
}

function chainOfSignal(notification: HealthNotification, { decisions }: Rows): DispatchChain {
  const cycleId = notification.consumed_manager_cycle_id;
  const decision = decisions.find(({ manager_cycle_id: id }) => cycleId !== null && id === cycleId);
  return {
    key: `notification ${notification.id}`,
    at: notification.created_at,
    title: notification.signal_type,
    state: notification.state,
    correlationId: notification.correlation_id,
    cycleId,
    decisionId: decision?.id ?? null,
    sourceEventId: notification.source_event_id,
    attempts: 0,
    notifications: 1,
    isAtRisk: false,
    blocked: null,
    conversation: [
      notificationStep(notification),
      ...cycleSteps([notification]),
      ...(decision === undefined ? [] : [decisionStep(decision)]),
    ],
  };
}

function decisionStep({ id, decision }: HealthDecision): ConversationStep {
  return { kind: 'manager_decision', label: `Manager decided to ${decision}`, detail: `decision #${id}` };
}

function attemptStep(attempt: HealthAttempt): ConversationStep {
  const effect = attempt.side_effect_completed ? 'carried out' : attempt.side_effect_started ? 'begun' : 'not begun';
  const detail = `attempt #${attempt.id} ${attempt.state}, ${effect}`;
  return { kind: 'dispatch_attempt', label: `${attempt.dispatcher_id} took it`, detail };
}

function notificationStep(notification: HealthNotification): ConversationStep {
  const mode = notification.delivery_mode === 'pull_required' ? 'waits in the inbox' : 'pushed';
  const state = notification.consumed_at === null ? notification.state : 'read';
  return {
    kind: 'routed_notification',
    label: `Told ${notification.target ?? 'a session that is gone'}`,
    detail: `notification #${notification.id} ${state}, ${mode}`,
  };
}

function receiptSteps({ delivery_state: state, delivery_reason: reason }: HealthCommand): ConversationStep[] {
  if (state === null) return [];
  const known = { seen: 'It is in the rollout', answered: 'A turn answered it' } as const;
  const label = state === 'seen' || state === 'answered' ? known[state] : `Delivery ${state}`;
  return [{ kind: 'worker_receipt', label, detail: reason ?? `delivery ${state}` }];
}

function cycleSteps(notifications: readonly HealthNotification[]): ConversationStep[] {
  const ids = new Set(notifications.flatMap(({ consumed_manager_cycle_id: id }) => (id === null ? [] : [id])));
  return [...ids].map((id) => ({ kind: 'manager_cycle', label: 'Manager read it', detail: `in cycle #${id}` }));
}

/** What a loop's policy asks for before it may go on: names of evidence and numbers, no words. */
function blockedPolicy(attempts: readonly HealthAttempt[]): string | null {
  const result = attempts.find(({ state }) => state === 'blocked')?.result ?? null;
  if (result === null) return null;
  const missing = namesIn(result, 'missing_evidence');
  const reason = typeof result.reason === 'string' && /^[a-z0-9_]+$/.test(result.reason) ? result.reason : 'policy';
  const why = reason.replaceAll('_', ' ');
  return missing.length === 0 ? why : `${why}; evidence is missing: ${missing.join(', ')}`;
}

function namesIn(result: JsonObject, field: string): readonly string[] {
  const value = result[field] ?? (isJsonObject(result.policy) ? result.policy[field] : undefined);
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
