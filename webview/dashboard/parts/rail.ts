import { html, nothing, type TemplateResult } from 'lit';

import type { DashboardChain, DashboardSession, DashboardView, Receipt } from '../../../src/protocol/dashboard.ts';
import { icons } from '../../timeline/components/icons.ts';
import type { DashboardActions } from '../actions.ts';
import { clockText } from '../ages.ts';

/** Beside timeline and terminals: who is there, what the task is at, what was said, what was done here. */
export function rail(view: DashboardView, actions: DashboardActions): TemplateResult {
  const own = view.sessions.filter(({ task }) => task !== null && task === view.task?.name);
  const others = view.sessions.filter((session) => !own.includes(session));
  return html`<aside class="rail" aria-label="Observation">
    <section>
      <h2>Sessions</h2>
      ${view.sessions.length === 0 ? html`<p class="dim">None is registered yet.</p>` : nothing}
      <ul class="sessions">
        ${own.map((session) => sessionItem(session, actions))}
      </ul>
      ${others.length === 0 ? nothing : otherSessions(others, { isAlone: own.length === 0, actions })}
    </section>
    ${view.task === null ? nothing : taskSection(view)} ${view.detail === null ? nothing : inboxSection(view.detail)}
    ${view.detail === null ? nothing : chainSection(view.detail.chains)} ${receiptSection(view.receipts)}
  </aside>`;
}

function otherSessions(
  others: readonly DashboardSession[],
  { isAlone, actions }: { readonly isAlone: boolean; readonly actions: DashboardActions },
): TemplateResult {
  const list = html`<ul class="sessions">
    ${others.map((session) => sessionItem(session, actions))}
  </ul>`;
  if (isAlone) return list;
  return html`<details>
    <summary>${others.length} on other tasks or on none</summary>
    ${list}
  </details>`;
}

function sessionItem(session: DashboardSession, actions: DashboardActions): TemplateResult {
  const { name, role, word, needsYou, note, noTerminal } = session;
  const off = noTerminal !== null;
  const why = noTerminal ?? '';
  return html`<li class="session lane-${role} ${needsYou ? 'waits' : ''} ${word === 'busy' ? 'busy' : ''}">
    <div class="who">
      ${needsYou ? icons.bell : html`<span class="dot" aria-hidden="true"></span>`}
      <span class="name" title="${role} in ${session.cwd}">${name}</span> <span class="dim">${role}</span>
      <span class="word">${word}</span>
    </div>
    ${note === null ? nothing : html`<p class="note">${note}</p>`}
    <div class="buttons small" role="group" aria-label="Actions on ${name}">
      <button ?disabled=${off} title=${why} @click=${() => actions.openTerminal(name, 'watch')}>Watch</button>
      <button ?disabled=${off} title=${why} @click=${() => actions.openTerminal(name, 'takeOver')}>Take over</button>
      <button ?disabled=${off} title=${why} @click=${() => actions.openDialog({ kind: 'nudge', subject: name })}>
        Nudge…
      </button>
      <button ?disabled=${off} title=${why} @click=${() => actions.openDialog({ kind: 'interrupt', subject: name })}>
        Interrupt…
      </button>
    </div>
  </li>`;
}

function taskSection({ task, detail }: DashboardView): unknown {
  if (task === null) return nothing;
  const { worker, manager, lastCycle } = task;
  const bound = worker !== null && manager !== null ? `${manager} manages ${worker}` : 'not bound';
  const seen = lastCycle?.error ?? (lastCycle?.workerState == null ? '' : `, saw the worker ${lastCycle.workerState}`);
  const cycle = lastCycle === null ? 'none yet' : `#${lastCycle.id} ${lastCycle.outcome}${seen}`;
  const finish = detail?.finish == null ? 'not asked for' : detail.finish.state;
  return html`<section>
    <h2>Task</h2>
    <dl class="pairs">
      <dt>Binding</dt>
      <dd>${bound}</dd>
      <dt>State</dt>
      <dd>${task.state}</dd>
      <dt>Last cycle</dt>
      <dd>${cycle}</dd>
      <dt>Finish</dt>
      <dd>${finish}</dd>
    </dl>
  </section>`;
}

type Detail = NonNullable<DashboardView['detail']>;

function inboxSection({ inbox }: Detail): TemplateResult {
  const { pending, consumed, pullRequired, sessions } = inbox;
  return html`<section>
    <h2>Inbox</h2>
    <ul class="numbers">
      <li class=${pending > 0 ? 'warn' : ''}><b>${pending}</b> pending</li>
      <li><b>${consumed}</b> consumed</li>
      <li class=${pullRequired > 0 ? 'warn' : ''}><b>${pullRequired}</b> to be pulled</li>
    </ul>
    ${sessions.map(
      ({ name, pending: waits, consumed: read, latestConsumedAt: at }) =>
        html`<p class="line">
          <span class="name">${name}</span>
          <span class="dim">${waits} pending, ${read} consumed${at === null ? '' : `, last at ${clockText(at)}`}</span>
        </p>`,
    )}
  </section>`;
}

function chainSection(chains: readonly DashboardChain[]): TemplateResult {
  return html`<section>
    <h2>Conversation</h2>
    ${chains.length === 0 ? html`<p class="dim">Nothing was sent or decided yet.</p>` : nothing}
    ${chains.map(chainItem)}
  </section>`;
}

const bad = ['failed', 'blocked', 'suppressed'];

function chainItem(chain: DashboardChain): TemplateResult {
  const tone = bad.includes(chain.state) ? 'bad' : chain.isAtRisk ? 'warn' : '';
  const ids = [
    chain.cycleId === null ? '' : `cycle #${chain.cycleId}`,
    chain.decisionId === null ? '' : `decision #${chain.decisionId}`,
    chain.sourceEventId === null ? '' : `event #${chain.sourceEventId}`,
    counted(chain.attempts, 'attempt'),
    counted(chain.notifications, 'notification'),
  ].filter(Boolean);
  return html`<details class="chain">
    <summary>
      <span class="title">${chain.title.replaceAll('_', ' ')}</span> <span class="state ${tone}">${chain.state}</span>
      <time datetime=${chain.at}>${clockText(chain.at)}</time>
    </summary>
    <p class="dim">${ids.join(' · ')}</p>
    ${chain.isAtRisk ? html`<p class="warn">Begun, but nobody knows yet whether it was carried out.</p>` : nothing}
    ${chain.blocked === null ? nothing : html`<p class="warn">Blocked: ${chain.blocked}</p>`}
    <ol class="lane">
      ${chain.conversation.map(
        ({ kind, label, detail }) =>
          html`<li class=${kind}><span>${label}</span> <span class="dim">${detail}</span></li>`,
      )}
    </ol>
    ${chain.correlationId === null ? nothing : html`<p class="dim mono" title="correlation">${chain.correlationId}</p>`}
  </details>`;
}

function counted(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
}

function receiptSection(receipts: readonly Receipt[]): TemplateResult {
  return html`<section>
    <h2>Receipts</h2>
    ${receipts.length === 0 ? html`<p class="dim">What you do here is listed here, and on record in the ledger.</p>` : nothing}
    ${receipts.map(receiptItem)}
  </section>`;
}

const titles: Readonly<Record<string, string>> = {
  tasks: 'Task made',
  pair: 'Pair',
  'register-worker': 'Worker registered',
  'register-manager': 'Manager registered',
  bind: 'Binding',
  cycle: 'Cycle',
  'session-nudge': 'Nudge',
  'session-interrupt': 'Interrupt',
  'finish-task': 'Finish',
  'export-task': 'Export',
};

function receiptItem({ state, operation, subject, message, at, facts }: Receipt): TemplateResult {
  const mark = state === 'done' ? icons.check : state === 'refused' ? icons.cross : html`<span class="spinner"></span>`;
  return html`<details class="receipt ${state}">
    <summary>
      ${mark}
      <span class="title" title="conveyor ${operation}"
        >${titles[operation] ?? operation} <span class="dim">${subject}</span></span
      >
      <time datetime=${at}>${clockText(at)}</time>
    </summary>
    <p>${state === 'running' ? 'Under way…' : message}</p>
    ${
      facts.length === 0
        ? nothing
        : html`<dl class="pairs">
            ${facts.map(
              ({ label, value }) =>
                html`<dt>${label}</dt>
                  <dd>${value}</dd>`,
            )}
          </dl>`
    }
  </details>`;
}
