import { html, nothing, type TemplateResult } from 'lit';

import type { DashboardView } from '../../../src/protocol/dashboard.ts';
import type { DashboardActions } from '../actions.ts';

/** Which task, and what can be done with it and around it. */
export function topBar(view: DashboardView, actions: DashboardActions): TemplateResult {
  const task = view.task?.name ?? null;
  return html`<header class="top">
    <h1>${mark} Conveyor</h1>
    ${view.tasks.length === 0 ? nothing : taskChoice(view, actions)}
    <span class="path dim" title=${view.ledgerPath}>${shortPath(view.ledgerPath)}</span>
    <nav class="buttons" aria-label="Actions">
      ${task === null ? nothing : taskButtons(task, view, actions)}
      <span class="between"></span>
      <button @click=${() => actions.openDialog({ kind: 'task', subject: '' })}>New task…</button>
      <button @click=${() => actions.openDialog({ kind: 'attach', subject: '' })}>Attach…</button>
      <button @click=${() => actions.openDialog({ kind: 'bind', subject: task ?? '' })}>Bind…</button>
      <button class="primary" @click=${() => actions.openDialog({ kind: 'pair', subject: task ?? '' })}>
        Start pair…
      </button>
    </nav>
  </header>`;
}

function taskChoice(view: DashboardView, actions: DashboardActions): TemplateResult {
  const choose = (event: Event): void => {
    if (event.target instanceof HTMLSelectElement) actions.chooseTask(event.target.value);
  };
  return html`<select aria-label="Task" @change=${choose}>
    ${view.task === null ? html`<option value="" selected disabled>Choose a task</option>` : nothing}
    ${view.tasks.map(
      ({ name, state }) =>
        html`<option value=${name} ?selected=${name === view.task?.name}>
          ${name}${state === 'managed' ? '' : ` (${state})`}
        </option>`,
    )}
  </select>`;
}

function taskButtons(task: string, { task: shown }: DashboardView, actions: DashboardActions): TemplateResult {
  const isOver = shown?.state === 'done' || shown?.state === 'failed';
  const isBound = shown?.worker !== null;
  return html`
    <button ?disabled=${isOver || !isBound} @click=${() => actions.run('cycle', { task })}>Run cycle</button>
    <button @click=${() => actions.run('export-task', { task, zip: true })}>Export</button>
    <button ?disabled=${isOver} @click=${() => actions.openDialog({ kind: 'finish', subject: task })}>Finish…</button>
  `;
}

/** The folder says more than the file, which is always called the same. */
function shortPath(path: string): string {
  const parts = path.split('/').filter(Boolean);
  const shown = parts.at(-1) === 'workerctl.db' && parts.at(-2) === '.codex-workers' ? parts.slice(0, -2) : parts;
  return shown.length > 3 ? `…/${shown.slice(-3).join('/')}` : `/${shown.join('/')}`;
}

const mark = html`<svg viewBox="0 0 20 16" width="20" height="16" aria-hidden="true" fill="none" stroke-width="2">
  <path d="M3 2v12" stroke="var(--lane-manager)"></path>
  <path d="M10 2v12" stroke="var(--lane-conveyor)"></path>
  <path d="M17 2v12" stroke="var(--lane-worker)"></path>
  <circle cx="3" cy="6" r="2" fill="var(--lane-manager)" stroke="none"></circle>
  <circle cx="10" cy="8" r="2" fill="var(--lane-conveyor)" stroke="none"></circle>
  <circle cx="17" cy="10" r="2" fill="var(--lane-worker)" stroke="none"></circle>
</svg>`;
