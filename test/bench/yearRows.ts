import { randomUUID } from 'node:crypto';
import { ledgerJson } from '../../src/core/domain/json.ts';
import { formatTimestamp } from '../../src/core/domain/timestamps.ts';
import type { Connection, SqlValue } from '../../src/core/ledger/connection.ts';
import { Dice } from './yearDice.ts';
import type { YearScale, YearTask } from './yearLedger.ts';
import { YearMessages } from './yearMessages.ts';
import { insertScreens } from './yearScreens.ts';

const day = 86_400_000;
const perTransaction = 500;

/** Everything that the supervision of a year left behind, in the order in which it happened. */
export function insertYearRows(ledger: Connection, tasks: readonly YearTask[], scale: YearScale, now: number): void {
  const dice = new Dice(11);
  const writer = new RowWriter(ledger);
  const messages = new YearMessages(ledger, writer, dice);
  const desk = tasks.map((task) => new TaskDesk(task, ledger, writer, dice));
  const span = (now - Math.min(...tasks.map(({ startsAt }) => startsAt))) / scale.cycles;
  inTransactions(ledger, scale.cycles, (index) => {
    const at = now - (scale.cycles - index) * span;
    const current = pick(desk, at, dice);
    current.cycle(at, index);
    if (dice.roll() < scale.notifications / scale.cycles) messages.exchange(current.task, at, current.lastCycle);
  });
  inTransactions(ledger, scale.heartbeats, (index) => {
    const at = now - ((scale.heartbeats - index) / scale.heartbeats) * 365 * day;
    const attributes = { dry_run: false, iteration: index, processed_count: dice.between(0, 2) };
    const correlation = { dispatcher_id: 'dispatch-local', iteration: index };
    const summary = 'Dispatch watch heartbeat.';
    writer.telemetry({ at, type: 'dispatch_watch_heartbeat', summary, correlation, attributes });
  });
  insertScreens(ledger, tasks, scale, dice);
}

function inTransactions(ledger: Connection, count: number, step: (index: number) => void): void {
  for (let index = 0; index < count; index += perTransaction) {
    ledger.write(() => {
      for (let at = index; at < Math.min(count, index + perTransaction); at += 1) step(at);
    });
  }
}

/** One of the tasks that are worked on at a time, the busy ones more often. */
function pick(desks: readonly TaskDesk[], at: number, dice: Dice): TaskDesk {
  const current = desks.filter(({ task }) => task.startsAt <= at && at <= task.endsAt);
  const total = current.reduce((sum, { task }) => sum + task.weight, 0);
  let left = dice.roll() * total;
  for (const one of current) {
    left -= one.task.weight;
    if (left <= 0) return one;
  }
  const last = current.at(-1) ?? desks.at(-1);
  if (last === undefined) throw new Error('no tasks');
  return last;
}

interface TelemetryRow {
  readonly at: number;
  readonly type: string;
  readonly summary: string;
  readonly taskId?: string;
  readonly actor?: string;
  readonly correlation?: object;
  readonly attributes?: object;
}

/** Inserts by column; SQL stays prepared. */
export class RowWriter {
  readonly #ledger: Connection;

  constructor(ledger: Connection) {
    this.#ledger = ledger;
  }

  insert(table: string, row: Readonly<Record<string, SqlValue>>): number {
    const columns = Object.keys(row);
    const sql = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `$${name}`).join(', ')})`;
    return this.#ledger.run(sql, row).lastId;
  }

  telemetry({ at, type, summary, taskId, actor = 'dispatch', correlation = {}, attributes = {} }: TelemetryRow): void {
    const shared = { task_id: taskId ?? null, run_id: null, actor, event_type: type, summary };
    const id = `telemetry-${randomUUID()}`;
    const written = ledgerJson(attributes);
    const more = { timestamp: formatTimestamp(at), severity: 'info', correlation_json: ledgerJson(correlation) };
    this.insert('telemetry_events', { id, ...shared, ...more, attributes_json: written });
    this.insert('telemetry_events_fts', { event_id: id, ...shared, attributes: written });
  }

  event(at: number, taskId: string, type: string, payload: object): void {
    const row = { created_at: formatTimestamp(at), actor: 'workerctl', task_id: taskId, type };
    this.insert('events', { ...row, payload_json: ledgerJson(payload) });
  }
}

/** A contract is settled after a while, however long the task goes on. */
const cyclesOfContract = 800;
const phases = [
  'resolve_active_binding',
  'ingest_rollout',
  'infer_worker_state',
  'capture_pane_signal',
  'classify_pane_signal',
  'load_manager_context',
  'check_liveness',
  'persist_cycle_row',
];

/** What the manager of one task leaves behind. */
class TaskDesk {
  readonly task: YearTask;
  readonly #ledger: Connection;
  readonly #writer: RowWriter;
  readonly #dice: Dice;
  readonly #criteria: { id: number; text: string }[] = [];
  #context = '{}';
  #cycles = 0;
  lastCycle = 0;

  constructor(task: YearTask, ledger: Connection, writer: RowWriter, dice: Dice) {
    this.task = task;
    this.#ledger = ledger;
    this.#writer = writer;
    this.#dice = dice;
    const started_at = formatTimestamp(task.startsAt);
    const run = { task_id: task.id, name: `${task.name}-run`, purpose: null, status: 'active', started_at };
    writer.insert('runs', { id: `run-${randomUUID()}`, ...run, ended_at: null, metadata_json: '{}' });
    writer.event(task.startsAt, task.id, 'task_created', { name: task.name, goal: 'Finish it.', summary: null });
    writer.event(task.startsAt, task.id, 'binding_created', { binding_id: task.bindingId, task: task.name });
  }

  cycle(at: number, index: number): void {
    if (this.#cycles % 40 === 0) this.#rethink(at);
    this.#cycles += 1;
    const { task } = this;
    const started_at = formatTimestamp(at);
    const isFailed = this.#dice.roll() < 0.02;
    this.lastCycle = this.#writer.insert('manager_cycles', {
      task_id: task.id,
      manager_id: null,
      started_at,
      completed_at: formatTimestamp(at + this.#dice.between(50, 2500)),
      state: isFailed ? 'failed' : 'succeeded',
      status_json: this.#status(index),
      health_json: null,
      error: isFailed ? `cannot read the rollout: ${this.#dice.words(6)}` : null,
    });
    for (const phase of phases) this.#span(phase, at);
    this.#report(at, isFailed);
    if (this.#dice.roll() < 0.5) this.#decide(at + 2000);
  }

  #status(index: number): string {
    const state = this.#dice.of(['busy', 'idle', 'unknown']);
    const ingest = { new_events: this.#dice.between(0, 40), new_offset: index * 700, skipped_lines: 0 };
    const fields = {
      binding_id: this.task.bindingId,
      consumed_dispatch_notifications: this.#dice.between(0, 2),
      ingest,
      kind: 'session_cycle',
      last_event_subtype: 'token_count',
      manager_alive: true,
    };
    const pane = { captured: this.#dice.roll() < 0.9, classifier: null, degraded: false, notable_pattern: null };
    const rest = {
      manager_session: this.task.manager.name,
      notable_pane_pattern: null,
      pane_signal: pane,
      staleness_seconds: this.#dice.between(0, 400),
      state,
      task: this.task.name,
      task_completed: state === 'idle',
      worker_alive: true,
      worker_session: this.task.worker.name,
    };
    return `${ledgerJson(fields).slice(0, -1)}, "manager_context": ${this.#context}, ${ledgerJson(rest).slice(1)}`;
  }

  #span(phase: string, at: number): void {
    const attributes = { binding_id: this.task.bindingId, state: 'busy', worker_session: this.task.worker.name };
    this.#writer.insert('manager_cycle_spans', {
      manager_cycle_id: this.lastCycle,
      task_id: this.task.id,
      phase,
      started_at: formatTimestamp(at),
      completed_at: formatTimestamp(at + this.#dice.between(0, 1500)),
      duration_ms: this.#dice.roll() * 40,
      state: 'succeeded',
      attributes_json: ledgerJson(attributes),
    });
  }

  #report(at: number, isFailed: boolean): void {
    const { id: taskId, bindingId: binding_id, name } = this.task;
    const sessions = { manager_session: this.task.manager.name, worker_session: this.task.worker.name };
    const correlation = { binding_id, cycle_id: this.lastCycle, ...sessions };
    const session = { session: sessions.worker_session, session_id: this.task.worker.id };
    const read = { new_events: this.#dice.between(0, 40), new_offset: 700, skipped_lines: 0, start_offset: 0 };
    const ended = isFailed ? 'failed' : 'succeeded';
    const telemetry = (type: string, summary: string, more: object, attributes: object) =>
      this.#writer.telemetry({ at, type, summary, taskId, actor: 'manager', correlation: more, attributes });
    telemetry('manager_cycle_started', `Started manager cycle for task ${name}.`, correlation, {
      busy_wait_seconds: 90,
    });
    telemetry('codex_events_ingested', `Ingested Codex events for session ${session.session}.`, session, read);
    telemetry(`manager_cycle_${ended}`, `Manager cycle ${ended} for task ${name}.`, correlation, {
      ingest: read,
      state: 'busy',
      last_event_subtype: 'token_count',
    });
  }

  #decide(at: number): void {
    const [decision, reason] = [this.#dice.of(['wait', 'nudge', 'inspect']), this.#dice.words(12)];
    const created_at = formatTimestamp(at);
    const row = { task_id: this.task.id, manager_cycle_id: this.lastCycle, decision, reason, created_at };
    const decision_id = this.#writer.insert('manager_decisions', { ...row, payload_json: '{}' });
    const facts = { decision, decision_id, manager_cycle_id: this.lastCycle, reason };
    this.#writer.event(at, this.task.id, 'manager_decision_recorded', facts);
    const summary = `Recorded manager decision ${decision}.`;
    const type = 'manager_decision_recorded';
    this.#writer.telemetry({ at, type, summary, taskId: this.task.id, actor: 'workerctl', attributes: facts });
    const observed = { role: 'manager', observation_type: 'decision', severity: 'info', message: reason, created_at };
    if (this.#dice.roll() < 0.5)
      this.#writer.insert('agent_observations', {
        task_id: this.task.id,
        ...observed,
        payload_json: ledgerJson(facts),
      });
  }

  /** What the manager is told from now on; at first with a criterion more and one less open. */
  #rethink(at: number): void {
    const created_at = formatTimestamp(at);
    if (this.#cycles < cyclesOfContract) this.#agree(at, created_at);
    if (this.#cycles % 200 === 0) this.#handOff(at, created_at);
    const open = this.#criteria.map((criterion) => ({
      id: criterion.id,
      criterion: criterion.text,
      status: 'accepted',
    }));
    this.#context = ledgerJson({
      acceptance_criteria: { open, proposed: [], rejected: [], satisfied: [], deferred: [] },
      criteria_negotiation: { needed: false, prompt: null, reason: 'active_criteria_present' },
      manager_config: { guidelines: [this.#dice.words(14), this.#dice.words(9)], objective: this.#dice.words(20) },
      worker_handoff: { summary: this.#dice.words(30), next_steps: [this.#dice.words(8), this.#dice.words(6)] },
      worker_receipt: { last_agent_message: this.#dice.words(60), turn_id: `turn-${this.#cycles}` },
    });
  }

  #agree(at: number, created_at: string): void {
    const task_id = this.task.id;
    const text = `${this.#dice.words(10)} ${this.#cycles}`;
    const row = { task_id, criterion: text, status: 'accepted', source: 'manager_inferred', evidence_json: '{}' };
    const id = this.#writer.insert('acceptance_criteria', { ...row, created_at, updated_at: created_at });
    this.#criteria.push({ id, text });
    const told = { criterion: text, criterion_id: id, source: row.source };
    this.#writer.event(at, task_id, 'acceptance_criterion_added', { ...told, status: 'accepted' });
    if (this.#criteria.length > 5) this.#satisfy(at, created_at);
  }

  #satisfy(at: number, updated_at: string): void {
    const done = this.#criteria.shift();
    if (done === undefined) return;
    const proof = `test: ${this.#dice.words(5)}`;
    this.#ledger.run("UPDATE acceptance_criteria SET status = 'satisfied', proof = ?, updated_at = ? WHERE id = ?", [
      proof,
      updated_at,
      done.id,
    ]);
    const change = {
      criterion: done.text,
      criterion_id: done.id,
      previous_status: 'accepted',
      status: 'satisfied',
      proof,
    };
    this.#writer.event(at, this.task.id, 'acceptance_criterion_updated', change);
  }

  #handOff(at: number, created_at: string): void {
    const task_id = this.task.id;
    const revision = this.#cycles / 200 + 1;
    for (const role of ['worker', 'manager']) {
      const payload_json = ledgerJson({ understood: true, plan: [this.#dice.words(8)] });
      const row = { task_id, binding_id: this.task.bindingId, role, payload_json, revision, created_at };
      const ack_id = this.#writer.insert('task_acknowledgements', row);
      this.#writer.event(at, task_id, `${role}_ack_recorded`, { ack_id, role });
    }
    const summary = this.#dice.words(30);
    const row = { task_id, worker_session_id: this.task.worker.id, summary, created_at };
    this.#writer.insert('worker_handoffs', { ...row, next_steps_json: '["go on"]', payload_json: '{}' });
  }
}
