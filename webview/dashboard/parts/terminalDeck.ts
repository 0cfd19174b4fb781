import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

import type { DashboardView } from '../../../src/protocol/dashboard.ts';
import { icons } from '../../timeline/components/icons.ts';
import type { DashboardActions } from '../actions.ts';
import type { OpenTerminal } from '../dashboardState.ts';

/** The open terminals, one below the other; without any, whose could be opened. */
export function terminalDeck(
  terminals: readonly OpenTerminal[],
  view: DashboardView,
  actions: DashboardActions,
): TemplateResult {
  return html`<section class="deck" aria-label="Terminals">
    ${terminals.length === 0 ? nothingOpen(view, actions) : nothing}
    ${repeat(
      terminals,
      ({ session, access, round }) => `${session} ${access} ${round}`,
      (terminal) => pane(terminal, view, actions),
    )}
  </section>`;
}

function pane(terminal: OpenTerminal, view: DashboardView, actions: DashboardActions): TemplateResult {
  const { session, access, notice } = terminal;
  const known = view.sessions.find(({ name }) => name === session);
  const isWatching = access === 'watch';
  return html`<article class="terminal lane-${known?.role ?? 'conveyor'}" aria-label="Terminal of ${session}">
    <header>
      <span class="dot" aria-hidden="true"></span>
      <h2>${session}</h2>
      <span class="dim">${known === undefined ? '' : `${known.role}, ${known.word}`}</span>
      <span class="dim tmux">${known?.tmux ?? ''}</span>
      <span class="access" role="group" aria-label="Access">
        <button aria-pressed=${isWatching} @click=${() => actions.openTerminal(session, 'watch')}>Watch</button>
        <button aria-pressed=${!isWatching} @click=${() => actions.openTerminal(session, 'takeOver')}>Take over</button>
      </span>
      <button class="icon" aria-label="Detach from ${session}" @click=${() => actions.closeTerminal(session)}>
        ${icons.cross}
      </button>
    </header>
    <terminal-pane
      .session=${session}
      .access=${access}
      .onNotice=${(said: string | null) => actions.terminalSaid(session, said)}
    ></terminal-pane>
    ${
      notice === null
        ? nothing
        : html`<p class="notice" role="status">
            ${notice} <button @click=${() => actions.openTerminal(session, access)}>Attach again</button>
          </p>`
    }
  </article>`;
}

function nothingOpen({ sessions, task }: DashboardView, actions: DashboardActions): TemplateResult {
  const own = sessions.filter(
    (session) => session.noTerminal === null && (task === null || session.task === task.name),
  );
  return html`<div class="empty">
    ${icons.terminal}
    <p>
      ${
        own.length === 0
          ? task === null
            ? 'No session runs in a terminal.'
            : 'No session of this task runs in a terminal.'
          : 'Watch a session without touching it, or take its terminal over.'
      }
    </p>
    ${own.map(({ name }) => html`<button @click=${() => actions.openTerminal(name, 'watch')}>Watch ${name}</button>`)}
  </div>`;
}
