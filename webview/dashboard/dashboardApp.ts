import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';

import type {
  ControlInput,
  DashboardControl,
  DashboardHost,
  DashboardView,
  Receipt,
} from '../../src/protocol/dashboard.ts';
import type { DashboardActions, DialogFacts } from './actions.ts';
import { PanelConnection, pageToken } from './connection.ts';
import { type DashboardEvent, type DashboardState, initialDashboard, reduceDashboard } from './dashboardState.ts';
import { dialog } from './parts/dialogs.ts';
import { dispatchBanner } from './parts/dispatchBanner.ts';
import { rail } from './parts/rail.ts';
import { terminalDeck } from './parts/terminalDeck.ts';
import { topBar } from './parts/topBar.ts';

/** How often ages are told anew. Milliseconds. */
const tick = 1000;

/** How long something that went well is told. Milliseconds. */
const toldFor = 6000;

const noFacts: DialogFacts = { candidates: null, obstacles: null };

/** The page: one task's timeline, its terminals, and everything around. In the light DOM, as xterm.js needs it. */
export class DashboardApp extends LitElement {
  /** The frame's way to this page through the server. */
  readonly #page = crypto.randomUUID();
  #state: DashboardState = initialDashboard(new URLSearchParams(location.search).get('task'));
  #host: DashboardHost | null = null;
  #facts: DialogFacts = noFacts;
  /** The frame is loaded anew with each connection. */
  #round = 0;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#connect();
    setInterval(() => this.requestUpdate(), tick);
    addEventListener('popstate', () => this.#showTask(new URLSearchParams(location.search).get('task')));
  }

  protected override updated(): void {
    const shown = this.querySelector('dialog');
    if (shown !== null && !shown.open) shown.showModal();
  }

  override render(): unknown {
    const { view, isConnected } = this.#state;
    if (view === null) return html`<main class="alone"><p class="dim" role="status">Reading the ledger…</p></main>`;
    const passed = Date.now() - this.#state.seenAt;
    return html`
      ${topBar(view, this.#actions)} ${isConnected ? dispatchBanner(view, passed) : lost()}
      ${view.problems.map((problem) => html`<p class="problem" role="alert">${problem}</p>`)}
      <main>
        ${view.task === null ? this.#noTask(view) : this.#timeline(view.task.name)}
        ${terminalDeck(this.#state.terminals, view, this.#actions)} ${rail(view, this.#actions)}
      </main>
      ${this.#toldLine()}
      ${
        this.#state.dialog === null
          ? nothing
          : dialog(this.#state.dialog, { view, facts: this.#facts, actions: this.#actions })
      }
    `;
  }

  #timeline(task: string): TemplateResult {
    const address = `timeline?${new URLSearchParams({ task, page: this.#page, token: pageToken() })}`;
    return html`${keyed(
      `${task} ${this.#round}`,
      html`<iframe class="timeline" title="Timeline of ${task}" src=${address}></iframe>`,
    )}`;
  }

  #noTask(view: DashboardView): TemplateResult {
    const words =
      view.tasks.length > 0
        ? 'Choose a task above to see its timeline.'
        : view.ledgerExists
          ? 'There is no task yet. Start a pair, or create a task and bind two sessions to it.'
          : 'There is no ledger here yet. It is made with the first task.';
    return html`<section class="alone" aria-label="Timeline"><p class="dim">${words}</p></section>`;
  }

  #toldLine(): TemplateResult {
    const { told } = this.#state;
    const message = told === null ? '' : told.message;
    return html`<div class="told ${told?.state ?? ''}" role="status" ?hidden=${message === ''}>
      ${message}
      <button
        aria-label="Dismiss"
        ?hidden=${message === ''}
        @click=${() => this.#dispatch({ kind: 'told', receipt: null })}
      >
        Dismiss
      </button>
    </div>`;
  }

  #dispatch(event: DashboardEvent): void {
    this.#state = reduceDashboard(this.#state, event);
    this.requestUpdate();
  }

  #connect(): PanelConnection {
    return new PanelConnection(
      { page: this.#page },
      {
        connected: (host) => {
          this.#host = host;
          this.#round += 1;
          void this.#load();
        },
        lost: () => this.#dispatch({ kind: 'lost' }),
        show: (view) => this.#shown(view),
        beat: (change) => this.#dispatch({ kind: 'beat', change, now: Date.now() }),
        openTerminal: (session) => this.#actions.openTerminal(session, 'watch'),
      },
    );
  }

  /** What the page is about, from the beginning. A line that broke in between is made again, and asks again. */
  async #load(): Promise<void> {
    const view = await this.#host?.ready(this.#state.task).catch(() => null);
    if (view) this.#shown(view);
  }

  /** Without a task in the address, the first one that is managed. What still came of another task is old. */
  #shown(view: DashboardView): void {
    if (view.task !== null && this.#state.task !== null && view.task.name !== this.#state.task) return;
    this.#dispatch({ kind: 'shown', view, now: Date.now() });
    if (this.#state.task !== null || view.tasks.length === 0) return;
    const first = view.tasks.find(({ state }) => state === 'managed') ?? view.tasks.at(-1);
    if (first !== undefined) this.#choose(first.name, 'replaceState');
  }

  #choose(task: string, how: 'pushState' | 'replaceState'): void {
    if (task === this.#state.task) return;
    history[how](null, '', `?${new URLSearchParams({ token: pageToken(), task })}`);
    this.#showTask(task);
  }

  #showTask(task: string | null): void {
    this.#dispatch({ kind: 'taskChosen', task });
    void this.#load();
  }

  async #run(control: DashboardControl, input: unknown): Promise<void> {
    // When the line breaks the receipt is still there with the next view.
    const receipt = await this.#host?.run(control, input).catch(() => null);
    if (!receipt) return;
    this.#tell(receipt);
    if (receipt.state !== 'done') return;
    const { task, sessions } = madeBy(control, input);
    if (task !== null) this.#choose(task, 'pushState');
    for (const name of sessions) this.#actions.openTerminal(name, 'watch');
  }

  /** What went well is told for a moment; it stays among the receipts. */
  #tell(receipt: Receipt): void {
    this.#dispatch({ kind: 'told', receipt });
    if (receipt.state !== 'done') return;
    setTimeout(() => {
      if (this.#state.told === receipt) this.#dispatch({ kind: 'told', receipt: null });
    }, toldFor);
  }

  async #ask(): Promise<void> {
    const kind = this.#state.dialog?.kind;
    this.#facts = noFacts;
    const nothing = (): readonly never[] => [];
    if (kind === 'attach')
      this.#facts = { ...noFacts, candidates: (await this.#host?.candidates().catch(nothing)) ?? [] };
    if (kind === 'finish')
      this.#facts = { ...noFacts, obstacles: (await this.#host?.finishObstacles().catch(nothing)) ?? [] };
    this.requestUpdate();
  }

  readonly #actions: DashboardActions = {
    run: <Name extends DashboardControl>(control: Name, input: ControlInput<Name>) => void this.#run(control, input),
    openTerminal: (session, access) => this.#dispatch({ kind: 'terminalOpened', session, access }),
    closeTerminal: (session) => this.#dispatch({ kind: 'terminalClosed', session }),
    terminalSaid: (session, notice) => this.#dispatch({ kind: 'terminalSaid', session, notice }),
    openDialog: (opened) => {
      this.#dispatch({ kind: 'dialogOpened', dialog: opened });
      void this.#ask();
    },
    closeDialog: () => this.#dispatch({ kind: 'dialogClosed' }),
    chooseTask: (task) => this.#choose(task, 'pushState'),
  };
}

/** What is looked at next: the task that was made, and who was started or registered. */
function madeBy(
  control: DashboardControl,
  input: unknown,
): { readonly task: string | null; readonly sessions: readonly string[] } {
  const names = Object.entries(input ?? {}).flatMap(([field, value]) =>
    typeof value === 'string' ? [[field, value] as const] : [],
  );
  const of = (field: string) => names.filter(([name]) => name === field).map(([, value]) => value);
  const isRegistration = control === 'register-worker' || control === 'register-manager';
  return {
    task: (control === 'tasks' ? of('create')[0] : control === 'pair' ? of('task')[0] : null) ?? null,
    sessions: control === 'pair' ? [...of('workerName'), ...of('managerName')] : isRegistration ? of('name') : [],
  };
}

function lost(): TemplateResult {
  return html`<section class="banner stale" aria-label="Dispatch" role="alert">
    <p class="status">
      <strong>The dashboard does not answer.</strong>
      <span
        >What is shown is old. If it was ended, start it again with “conveyor dashboard” and open the new address.</span
      >
    </p>
  </section>`;
}
