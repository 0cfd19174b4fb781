import { randomUUID } from 'node:crypto';
import { ledgerJson } from '../../src/core/domain/json.ts';
import { formatTimestamp } from '../../src/core/domain/timestamps.ts';
import type { Connection } from '../../src/core/ledger/connection.ts';
import type { Dice } from './yearDice.ts';
import type { YearTask } from './yearLedger.ts';
import type { RowWriter } from './yearRows.ts';

interface Exchange {
  readonly task: YearTask;
  readonly at: number;
  readonly correlation_id: string;
}

/** Messages between the two sides: half are completions that the supervisor tells, half are queued commands. */
export class YearMessages {
  readonly #ledger: Connection;
  readonly #writer: RowWriter;
  readonly #dice: Dice;
  readonly #lastCompletion = new Map<string, number>();

  constructor(ledger: Connection, writer: RowWriter, dice: Dice) {
    this.#ledger = ledger;
    this.#writer = writer;
    this.#dice = dice;
  }

  exchange(task: YearTask, at: number, cycle: number): void {
    const exchange = { task, at, correlation_id: `dispatch-${randomUUID()}` };
    if (this.#dice.roll() < 0.5) this.#completion(exchange, cycle);
    else this.#nudge(exchange);
  }

  #completion({ task, at, correlation_id }: Exchange, cycle: number): void {
    const source_event_id = this.#nextCompletion(task.worker.id);
    const notification = this.#writer.insert('routed_notifications', {
      ...this.#routed({ task, at, correlation_id }, 'worker_task_complete'),
      source_session_id: task.worker.id,
      target_session_id: task.manager.id,
      source_event_id,
      source_event_timestamp: new Date(at).toISOString(),
      dedupe_key: `${task.bindingId}:worker_task_complete:${correlation_id}`,
      consumed_manager_cycle_id: cycle,
      payload_json: ledgerJson({ message: this.#dice.words(25), task_id: task.id }),
    });
    const correlation = { binding_id: task.bindingId, correlation_id, routed_notification_id: notification };
    for (const type of ['dispatch_signal_detected', 'dispatch_signal_routed']) {
      const summary = `Dispatch told ${task.manager.name} of a completion.`;
      this.#writer.telemetry({ at, type, summary, taskId: task.id, correlation, attributes: { target: 'manager' } });
    }
  }

  /** The completions of the worker one after the other; null once they are all told. */
  #nextCompletion(session: string): number | null {
    const row = this.#ledger.get(
      "SELECT min(id) FROM codex_events WHERE session_id = ? AND subtype = 'task_complete' AND id > ?",
      [session, this.#lastCompletion.get(session) ?? 0],
    );
    const id = Object.values(Object(row))[0];
    if (typeof id !== 'number') return null;
    this.#lastCompletion.set(session, id);
    return id;
  }

  #nudge(exchange: Exchange): void {
    const { task, at, correlation_id } = exchange;
    const id = `command-${randomUUID()}`;
    const type = this.#dice.roll() < 0.8 ? 'nudge_worker' : 'notify_manager';
    const state = this.#dice.roll() < 0.03 ? 'failed' : 'succeeded';
    const [message, times] = [this.#dice.words(this.#dice.between(5, 60)), this.#times(at)];
    const result_json = ledgerJson({ command_id: id, command_type: type, state, correlation_id });
    const payload_json = ledgerJson({ message, task_id: task.id, binding_id: task.bindingId });
    const command = { id, idempotency_key: id, ...times, task_id: task.id, correlation_id, type, state };
    this.#writer.insert('commands', { ...command, attempts: 1, payload_json, result_json });
    const worked = { started_at: times.created_at, finished_at: times.updated_at, state, result_json };
    const attempt = { command_id: id, correlation_id, dispatcher_id: 'vscode-main', side_effect_started: 1 };
    const attempt_id = this.#writer.insert('command_attempts', { ...attempt, ...worked, side_effect_completed: 1 });
    this.#deliver(exchange, id, type, message);
    this.#tell(exchange, type, { attempt_id, command_id: id, command_type: type, correlation_id });
  }

  #deliver(exchange: Exchange, command_id: string, type: string, message: string): void {
    const { task, at } = exchange;
    const [from, to] = type === 'nudge_worker' ? [task.manager, task.worker] : [task.worker, task.manager];
    const notification_id = this.#writer.insert('routed_notifications', {
      ...this.#routed(exchange, type),
      source_session_id: from.id,
      target_session_id: to.id,
      command_id,
      dedupe_key: `${task.bindingId}:${type}:${command_id}`,
      payload_json: ledgerJson({ command_id, message, task_id: task.id }),
    });
    const queued_at = formatTimestamp(at);
    const proof = { state: 'answered', rung: 'paste', text_sha256: command_id, attempts: 1, updated_at: queued_at };
    this.#writer.insert('panel_deliveries', { session_id: to.id, command_id, notification_id, queued_at, ...proof });
  }

  #tell({ task, at }: Exchange, type: string, correlation: object): void {
    for (const step of [
      'command_created',
      'dispatch_command_claimed',
      'dispatch_command_attempted',
      'dispatch_command_succeeded',
    ]) {
      const summary = `Dispatch: ${step.replaceAll('_', ' ')} ${type}.`;
      this.#writer.telemetry({ at, type: step, summary, taskId: task.id, correlation, attributes: { state: step } });
    }
    const payload = { dry_run: false, session: task.worker.name, success: true };
    this.#writer.event(at, task.id, 'session_nudged', payload);
  }

  #routed({ task, at, correlation_id }: Exchange, signal_type: string) {
    const delivered_at = formatTimestamp(at + this.#dice.between(0, 4000));
    const consumed_at = this.#dice.roll() < 0.98 ? formatTimestamp(at + this.#dice.between(5000, 90_000)) : null;
    return {
      task_id: task.id,
      binding_id: task.bindingId,
      correlation_id,
      signal_type,
      created_at: formatTimestamp(at),
      delivered_at,
      consumed_at,
      state: 'delivered',
      delivery_mode: 'push',
      side_effect_started: 1,
      side_effect_completed: 1,
    };
  }

  #times(at: number) {
    return { created_at: formatTimestamp(at), updated_at: formatTimestamp(at + this.#dice.between(0, 9000)) };
  }
}
