import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeliveryResult } from '../../../src/core/delivery/deliveryResult.ts';
import type { OutgoingText } from '../../../src/core/delivery/messageText.ts';
import type { DispatchDependencies, PassOptions, ProcessedItem } from '../../../src/core/dispatch/dependencies.ts';
import { runDispatchPass } from '../../../src/core/dispatch/dispatchPass.ts';
import {
  FakePaneDelivery,
  type PaneEvidence,
  type PaneSend,
  type PaneTarget,
} from '../../../src/core/dispatch/paneDelivery.ts';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { ledgerJson } from '../../../src/core/domain/json.ts';
import { formatTimestamp } from '../../../src/core/domain/timestamps.ts';
import { insertBinding } from '../../../src/core/ledger/bindingStore.ts';
import type { Connection } from '../../../src/core/ledger/connection.ts';
import { registerPanelSession } from '../../../src/core/ledger/panelSessionStore.ts';
import { type Session, upsertSession } from '../../../src/core/ledger/sessionStore.ts';
import { insertTask, type Task } from '../../../src/core/ledger/taskStore.ts';
import { loadOperation } from '../../../src/core/operations/registry.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

export interface Pair {
  readonly task: Task;
  readonly worker: Session;
  readonly manager: Session;
  readonly bindingId: string;
}

/** A ledger with a clock that stands still, and panes that do what the test says. */
export class DispatchFixture {
  readonly temporary: TemporaryContext = temporaryContext();
  readonly panes = new FakePaneDelivery();
  readonly deps: DispatchDependencies;

  constructor(changes: Partial<DispatchDependencies> = {}) {
    const { context, clock, host } = this.temporary;
    host.processes.set(process.pid, {}); // everyone who takes a lease here lives
    this.deps = {
      ledger: context.ledger,
      clock,
      host,
      panes: this.panes,
      program: 'conveyor',
      every: () => () => {},
      ...changes,
    };
  }

  get ledger(): Connection {
    return this.temporary.context.ledger;
  }

  get clock() {
    return this.temporary.clock;
  }

  dispose(): void {
    this.temporary.dispose();
  }

  /** A bound task. Sessions named in `tmux` have a terminal; each has a rollout file of its own. */
  pair(name: string, tmux: readonly ('worker' | 'manager')[] = []): Pair {
    const { ledger, clock } = this;
    return ledger.write(() => {
      const task = insertTask(ledger, { name, goal: 'Ship it', summary: null }, clock.now());
      const worker = this.session(`${name}-worker`, 'worker', tmux.includes('worker'));
      const manager = this.session(`${name}-manager`, 'manager', tmux.includes('manager'));
      const binding = insertBinding(ledger, task, worker, manager, clock.now());
      return { task, worker, manager, bindingId: binding.id };
    });
  }

  session(name: string, role: Session['role'], hasTerminal: boolean): Session {
    const { ledger, clock } = this;
    const codexSessionPath = join(this.temporary.folder, `${name}.jsonl`);
    writeFileSync(codexSessionPath, '');
    const session = upsertSession(
      ledger,
      {
        name,
        role,
        tmuxSession: hasTerminal ? `codex-${name}` : null,
        codexSessionPath,
        codexSessionId: `thread-${name}`,
        pid: 7,
        cwd: '/srv',
      },
      clock.now(),
    );
    registerPanelSession(ledger, session.id, { startsIncarnation: false }, clock.now());
    return session;
  }

  /** An ingested completion of a worker; returns its event id. */
  complete(worker: Session, turn: string): number {
    return this.event(worker, 'task_complete', { turn_id: turn, last_agent_message: `done ${turn}` });
  }

  /** The person's side of a turn appears in the session's rollout. */
  says({ codex_session_path: path }: Session, message: string): void {
    const payload = { type: 'user_message', message };
    const line = { timestamp: formatTimestamp(this.clock.now()), type: 'event_msg', payload };
    if (path !== null) appendFileSync(path, `${JSON.stringify(line)}\n`);
  }

  event(session: Session, type: string, payload: object): number {
    const now = formatTimestamp(this.clock.now());
    return this.ledger.run(
      `INSERT INTO codex_events (session_id, timestamp, type, subtype, payload_json, byte_offset, ingested_at)
       VALUES (?, ?, 'event_msg', ?, ?, 0, ?)`,
      [session.id, now, type, ledgerJson({ type, ...payload }), now],
    ).lastId;
  }

  async run(verb: string, input: Record<string, unknown>): Promise<Record<string, unknown>> {
    const operation = await loadOperation(verb);
    if (operation === null) throw new Error(`no verb ${verb}`);
    const output = await runOperation(operation, this.temporary.context, input);
    operation.output().parse(output);
    return output as Record<string, unknown>;
  }

  async enqueue(task: Task, message: string, verb = 'enqueue-nudge-worker', more: object = {}): Promise<string> {
    const { command_id: id } = await this.run(verb, { task: task.name, message, ...more });
    return String(id);
  }

  pass(options: Partial<PassOptions> = {}, deps: DispatchDependencies = this.deps): Promise<readonly ProcessedItem[]> {
    return runDispatchPass(deps, { ...passDefaults, ...options });
  }

  /** One column of one row. */
  value(sql: string, parameters: readonly (string | number)[] = []): unknown {
    const row = this.ledger.get(sql, parameters);
    return typeof row === 'object' && row !== null ? Object.values(row)[0] : row;
  }

  count(table: string, where: string): number {
    return Number(this.value(`SELECT count(*) FROM ${table} WHERE ${where}`));
  }
}

export const passDefaults: PassOptions = {
  dispatcherId: 'd1',
  limit: 10,
  leaseSeconds: 60,
  type: null,
  dryRun: false,
};

export function column(items: readonly ProcessedItem[], key: string): unknown[] {
  return items.map((item) => item[key]);
}

/** `kill -9` as far as the ledger is concerned: nothing is written any more, nothing given back. */
export class Killed extends Error {}

/**
 * Codex in a pane, as far as a dispatcher can see: a composer, and a rollout that gets a line with each Enter. What is
 * typed survives the dispatcher that typed it.
 */
export class ModelPane extends FakePaneDelivery {
  readonly composers = new Map<string, string>();
  readonly turns: { readonly session: string; readonly text: string }[] = [];

  override async deliver({ session }: PaneTarget, send: PaneSend): Promise<DeliveryResult> {
    const before = this.composers.get(session.name) ?? '';
    if (before !== '' && before !== send.text.pasted) {
      return { outcome: 'deferred', reason: 'composer_has_text', screen: [] };
    }
    if (!(await send.beforeFirstKey())) return { outcome: 'deferred', reason: 'fence_lost', screen: [] };
    this.composers.set(session.name, send.text.pasted);
    const stages = { typedAt: 1, submittedAt: null, seenAt: null };
    if (!(await send.mayPressEnter())) return { outcome: 'undelivered', reason: 'fence_lost', stages, screen: [] };
    this.composers.delete(session.name);
    this.turns.push({ session: session.name, text: send.text.recorded });
    const line = {
      timestamp: '2026-01-02T03:04:05.000Z',
      type: 'event_msg',
      payload: { type: 'user_message', message: send.text.recorded },
    };
    if (session.codex_session_path !== null) appendFileSync(session.codex_session_path, `${JSON.stringify(line)}\n`);
    const seenAt = send.proof === null || send.proof() ? 1 : null;
    return { outcome: 'delivered', paneId: `%${session.name}`, stages: { typedAt: 1, submittedAt: 1, seenAt } };
  }

  override inspect({ session }: PaneTarget, text: OutgoingText): Promise<PaneEvidence> {
    const draft = this.composers.get(session.name) ?? '';
    if (draft === '') return Promise.resolve('waits_for_input');
    return Promise.resolve(draft === text.pasted ? 'holds_text' : 'unclear');
  }
}

export const terminalGone = () => new ConveyorError('tmux_not_running', "tmux session 'codex-x' is not running");
