import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';

import type { ControlInput, DashboardControl, DashboardHost, DashboardView } from '../../src/protocol/dashboard.ts';
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

const noFacts: DialogFacts = { candidates: null, obstacles: null };

/** The page: one task's timeline, its terminals, and everything around. In the light DOM, as xterm.js needs it. */
export class DashboardApp extends LitElement {
  /** The frame's way to this page through the server. */
  readonly #page = crypto.randomUUID();
  #state: DashboardState = initialDashboard(new URLSearchParams(location.search).get('task'));
  #connection: PanelConnection | null = null;
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

  #connect(): void {
    this.#connection?.close();
    const { task } = this.#state;
    const connection = new PanelConnection(
      { page: this.#page, ...(task === null ? {} : { task }) },
      {
        connected: (host) => {
          this.#host = host;
          this.#round += 1;
          void host.ready().then((view) => this.#shown(view));
        },
        lost: () => this.#dispatch({ kind: 'lost' }),
        show: (view) => this.#shown(view),
        beat: (change) => this.#dispatch({ kind: 'beat', change, now: Date.now() }),
        openTerminal: (session) => this.#actions.openTerminal(session, 'watch'),
      },
    );
    this.#connection = connection;
  }

  /** Without a task in the address, the first one that is managed. */
  #shown(view: DashboardView): void {
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
    this.#connect();
  }

  async #run(control: DashboardControl, input: unknown): Promise<void> {
    const receipt = await this.#host?.run(control, input);
    if (receipt === undefined) return;
    this.#dispatch({ kind: 'told', receipt });
    if (receipt.state === 'done') this.#attachTo(control, input);
  }

  /** Who was started or registered here is watched right away. */
  #attachTo(control: DashboardControl, input: unknown): void {
    for (const name of startedBy(control, input)) this.#actions.openTerminal(name, 'watch');
  }

  async #ask(): Promise<void> {
    const kind = this.#state.dialog?.kind;
    this.#facts = noFacts;
    if (kind === 'attach') this.#facts = { ...noFacts, candidates: (await this.#host?.candidates()) ?? [] };
    if (kind === 'finish') this.#facts = { ...noFacts, obstacles: (await this.#host?.finishObstacles()) ?? [] };
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

function startedBy(control: DashboardControl, input: unknown): readonly string[] {
  const names = Object.entries(input ?? {}).flatMap(([field, value]) =>
    typeof value === 'string' ? [[field, value] as const] : [],
  );
  const of = (field: string) => names.filter(([name]) => name === field).map(([, value]) => value);
  if (control === 'pair') return [...of('workerName'), ...of('managerName')];
  return control === 'register-worker' || control === 'register-manager' ? of('name') : [];
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
