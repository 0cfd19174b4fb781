import { existsSync } from 'node:fs';

import { lastHeartbeat, readDispatchState } from '../core/engine/dispatchState.ts';
import { followLedger, type LedgerFollower } from '../core/engine/followLedger.ts';
import { finishObstacles, unregisteredCodexes } from '../core/engine/panelQuestions.ts';
import { PanelReader, type PanelState } from '../core/engine/panelState.ts';
import { readPanelTimeline } from '../core/engine/panelTimeline.ts';
import { unconfirmedSessions } from '../core/operations/confirmations.ts';
import type { HostedContext } from '../core/operations/operationContext.ts';
import { tmuxOf } from '../core/operations/panes.ts';
import type { Candidate, DashboardView, Receipt } from '../protocol/dashboard.ts';
import type { TimelinePage } from '../protocol/timeline.ts';
import type { TimelineScene } from '../protocol/timelineView.ts';
import { actorOf, dashboardView, type ViewState } from './dashboardView.ts';

/** Changes within this time are told of once; a ledger that is not there is looked for, and ages are told, so often. Milliseconds. */
const gather = 50;
const lookAgain = 2000;

const pageSize = 200;

/**
 * What the ledger says now, for every page alike, and a word whenever that may have changed. Nothing is asked while no
 * page listens. A folder without a ledger is only looked at.
 */
export class DashboardFeed {
  readonly #context: HostedContext;
  readonly #listeners = new Set<() => void>();
  #reader: PanelReader | null = null;
  #follower: LedgerFollower | null = null;
  #panel: PanelState | null = null;
  #trouble: string | null = null;
  #gathering: NodeJS.Timeout | null = null;
  #ticking: NodeJS.Timeout | null = null;

  constructor(context: HostedContext) {
    this.#context = context;
    this.open();
  }

  get hasLedger(): boolean {
    return this.#reader !== null;
  }

  /** Until the returned function is called. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#ticking ??= setInterval(() => this.#tick(), lookAgain);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stopTicking();
    };
  }

  view(task: string | null, receipts: readonly Receipt[]): DashboardView {
    const state = this.#guarded(() => this.#state(task));
    const { ledgerFile, cwd, clock } = this.#context;
    return dashboardView(
      {
        takenAt: new Date(clock.now()).toISOString(),
        ledgerPath: ledgerFile,
        cwd,
        task,
        unconfirmed: state?.unconfirmed ?? new Map(),
        problems: this.#trouble === null ? [] : [this.#trouble],
        receipts,
      },
      state?.shown ?? null,
    );
  }

  scene(task: string): TimelineScene {
    const scene = this.#guarded(() => this.#ready(task));
    if (scene !== null) return scene;
    const message = this.#trouble ?? `There is no task “${task}” in this ledger any more.`;
    return { kind: 'failed', task, message, remedy: null, canRetry: true };
  }

  #ready(task: string): TimelineScene | null {
    const panel = this.#read();
    const found = panel?.tasks.find(({ row }) => row.name === task);
    if (panel === null || found === undefined) return null;
    const unconfirmed = unconfirmedSessions(this.#context);
    const actors = [found.row.worker, found.row.manager].flatMap((name) => {
      const session = panel.sessions.find(({ row }) => row.name === name);
      return session === undefined ? [] : [actorOf(session, unconfirmed)];
    });
    const { name, goal, state } = found.row;
    const page = this.page(task, null);
    return { kind: 'ready', task: name, goal, state, criteria: { ...found.counts }, actors, page, staleReason: null };
  }

  page(task: string, before: string | null): TimelinePage {
    const ledger = this.#reader === null ? null : this.#context.ledger;
    const { entries, olderCursor, total } = readPanelTimeline(ledger, task, { before, limit: pageSize });
    return { entries, olderCursor, total };
  }

  /** Changes whenever a scene of this task may look different. */
  sceneKey(task: string): string {
    const panel = this.#guarded(() => this.#read());
    const found = panel?.tasks.find(({ row }) => row.name === task);
    if (panel === null || found === undefined) return `${this.#trouble}`;
    const sessions = panel.sessions
      .filter(({ row }) => row.task === task)
      .map(({ row, attention, need }) => [row, attention, need]);
    return JSON.stringify([found.row, found.counts, sessions]);
  }

  async candidates(): Promise<readonly Candidate[]> {
    const ledger = this.#reader === null ? null : this.#context.ledger;
    const found = await unregisteredCodexes(ledger, tmuxOf(this.#context), this.#context.host);
    return found.map(({ tmuxSession, pid, cwd, title }) => ({ tmuxSession, pid, cwd, title }));
  }

  /** What stands against finishing now, one sentence each. */
  finishObstacles(task: string): readonly string[] {
    const panel = this.#guarded(() => this.#read());
    return panel === null ? [] : finishObstacles(this.#context.ledger, task, panel).map(({ message }) => message);
  }

  /** Opens the ledger as soon as it is there; what stands against that is shown. */
  open(): void {
    if (this.#reader !== null || !existsSync(this.#context.ledgerFile)) return;
    try {
      this.#reader = new PanelReader(this.#context.ledger, this.#context);
      this.#follower = followLedger(this.#context.ledger, {
        onCommitted: () => this.changed(),
        onGone: () => this.#leave(),
      });
      this.#trouble = null;
    } catch (error) {
      this.#reader = null;
      this.#trouble = messageOf(error);
    }
  }

  /** Something may look different now. */
  changed(): void {
    this.#panel = null;
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null;
      for (const listener of this.#listeners) listener();
    }, gather);
  }

  close(): void {
    this.#stopTicking();
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    this.#listeners.clear();
    this.#letGo();
  }

  /** Leases run out without a commit, and a ledger may come. */
  #tick(): void {
    this.open();
    this.changed();
  }

  #stopTicking(): void {
    if (this.#ticking !== null) clearInterval(this.#ticking);
    this.#ticking = null;
  }

  #leave(): void {
    this.#letGo();
    this.open();
    this.changed();
  }

  #letGo(): void {
    this.#follower?.close();
    this.#follower = null;
    this.#reader = null;
    this.#panel = null;
    this.#context.close();
  }

  #state(task: string | null) {
    const panel = this.#read();
    if (panel === null) return null;
    const { ledger } = this.#context;
    const shown: ViewState = {
      panel,
      heartbeat: lastHeartbeat(ledger, this.#context),
      dispatch: task === null ? null : readDispatchState(ledger, task, this.#context),
    };
    return { shown, unconfirmed: unconfirmedSessions(this.#context) };
  }

  /** Null while there is no ledger. */
  #read(): PanelState | null {
    this.#panel ??= this.#reader?.read() ?? null;
    return this.#panel;
  }

  /** Null for a ledger that can't be read; then the trouble says why. Whoever can write a row must not end the server with it. */
  #guarded<Value>(read: () => Value | null): Value | null {
    try {
      const value = read();
      if (this.#reader !== null) this.#trouble = null;
      return value;
    } catch (error) {
      this.#trouble = messageOf(error);
      return null;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
