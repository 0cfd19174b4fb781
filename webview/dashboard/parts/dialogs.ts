import { html, nothing, type TemplateResult } from 'lit';

import type { Candidate, DashboardView } from '../../../src/protocol/dashboard.ts';
import type { DashboardActions, DialogFacts } from '../actions.ts';
import type { DialogKind, OpenDialog } from '../dashboardState.ts';

interface Form {
  readonly title: string;
  readonly go: string;
  readonly body: unknown;
  readonly submit: (text: (name: string) => string) => void;
}

interface Place {
  readonly subject: string;
  readonly view: DashboardView;
  readonly facts: DialogFacts;
  readonly actions: DashboardActions;
}

/** What must be asked before something is done. */
export function dialog({ kind, subject }: OpenDialog, place: Omit<Place, 'subject'>): TemplateResult {
  const { title, go, body, submit } = forms[kind]({ ...place, subject });
  const { actions } = place;
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const data = new FormData(event.target);
    const text = (name: string) => {
      const value = data.get(name);
      return typeof value === 'string' ? value.trim() : '';
    };
    actions.closeDialog();
    submit(text);
  };
  return html`<dialog aria-labelledby="dialog-title" @close=${actions.closeDialog} @cancel=${actions.closeDialog}>
    <form @submit=${onSubmit}>
      <h2 id="dialog-title">${title}</h2>
      ${body}
      <footer>
        <button type="button" @click=${actions.closeDialog}>Cancel</button>
        <button class="primary" type="submit">${go}</button>
      </footer>
    </form>
  </dialog>`;
}

const forms: Readonly<Record<DialogKind, (place: Place) => Form>> = {
  task: ({ actions }) => ({
    title: 'New task',
    go: 'Create task',
    body: [field('name', 'Name', { hint: 'login-flake' }), area('goal', 'Goal', 'What must be true in the end')],
    submit: (text) => actions.run('tasks', { create: text('name'), goal: text('goal') }),
  }),
  pair: ({ subject, view, actions }) => ({
    title: 'Start a pair',
    go: 'Start pair',
    body: [
      html`<p class="dim">Two Codex sessions in tmux: a worker, and a manager that supervises it on one task.</p>`,
      field('task', 'Task', { value: subject, hint: 'login-flake' }),
      area('prompt', 'What the worker is to do', 'Make the flaky login test pass, ten times in a row'),
      html`<div class="columns">
        ${field('worker', 'Worker', { value: subject === '' ? '' : `${subject}-worker` })}
        ${field('manager', 'Manager', { value: subject === '' ? '' : `${subject}-manager` })}
      </div>`,
      field('cwd', 'Folder', { value: view.cwd }),
    ],
    submit: (text) => {
      const task = text('task');
      actions.run('pair', {
        task,
        taskPrompt: text('prompt'),
        workerName: text('worker'),
        managerName: text('manager'),
        cwd: text('cwd'),
        ...(view.tasks.some(({ name }) => name === task) ? {} : { taskGoal: text('prompt') }),
      });
    },
  }),
  bind: ({ subject, view, actions }) => ({
    title: 'Bind a worker and a manager',
    go: 'Bind',
    body: [
      choice(
        'task',
        'Task',
        view.tasks.map(({ name }) => name),
        subject,
      ),
      html`<div class="columns">
        ${choice('worker', 'Worker', freeNames(view, 'worker'))}${choice('manager', 'Manager', freeNames(view, 'manager'))}
      </div>`,
    ],
    submit: (text) => actions.run('bind', { task: text('task'), worker: text('worker'), manager: text('manager') }),
  }),
  attach: ({ facts: { candidates }, actions }) => ({
    title: 'Attach a running Codex',
    go: 'Register and watch',
    body: attachBody(candidates),
    submit: (text) => {
      const found = candidates?.find(({ pid }) => String(pid) === text('codex'));
      if (found === undefined) return;
      const { tmuxSession, pid, cwd } = found;
      const control = text('role') === 'manager' ? 'register-manager' : 'register-worker';
      actions.run(control, { name: text('name'), tmuxSession, pid, cwd });
    },
  }),
  nudge: ({ subject, actions }) => ({
    title: `Say something to ${subject}`,
    go: 'Send',
    body: area('text', 'Message', 'It is typed into its terminal as soon as it reads, and proved by its rollout'),
    submit: (text) => actions.run('session-nudge', { name: subject, text: text('text') }),
  }),
  interrupt: ({ subject, actions }) => ({
    title: `Interrupt ${subject}?`,
    go: 'Interrupt',
    body: [
      html`<p class="dim">Its running turn ends. What it has done so far stays.</p>`,
      area('followup', 'What to say afterwards (may be empty)', '', false),
    ],
    submit: (text) =>
      actions.run('session-interrupt', {
        name: subject,
        ...(text('followup') === '' ? {} : { followup: text('followup') }),
      }),
  }),
  finish: ({ subject, facts: { obstacles }, actions }) => ({
    title: `Finish ${subject}?`,
    go: 'Finish task',
    body: [
      obstacles === null || obstacles.length === 0
        ? nothing
        : html`<ul class="obstacles">
            ${obstacles.map((sentence) => html`<li>${sentence}</li>`)}
          </ul>`,
      field('reason', 'Why it is done', { value: '' }),
      tick('stopWorker', "Close the worker's terminal"),
      tick('stopManager', "Close the manager's terminal"),
    ],
    submit: (text) =>
      actions.run('finish-task', {
        task: subject,
        reason: text('reason'),
        stopWorker: text('stopWorker') === 'on',
        stopManager: text('stopManager') === 'on',
      }),
  }),
};

function attachBody(candidates: readonly Candidate[] | null): unknown {
  if (candidates === null) return html`<p class="dim">Looking into tmux…</p>`;
  if (candidates.length === 0) return html`<p>No Codex runs in tmux that is not registered yet.</p>`;
  return [
    html`<label
      >Codex
      <select name="codex" required>
        ${candidates.map(
          ({ pid, tmuxSession, cwd }) => html`<option value=${pid}>${tmuxSession} in ${cwd} (process ${pid})</option>`,
        )}
      </select></label
    >`,
    choice('role', 'Role', ['worker', 'manager']),
    field('name', 'Name', { hint: 'login-flake-worker' }),
  ];
}

function freeNames({ sessions }: DashboardView, wanted: 'worker' | 'manager'): readonly string[] {
  return sessions.filter(({ role, task }) => role === wanted && task === null).map(({ name }) => name);
}

function field(
  name: string,
  label: string,
  { value = '', hint = '' }: { value?: string; hint?: string },
): TemplateResult {
  return html`<label
    >${label} <input name=${name} .value=${value} placeholder=${hint} autocomplete="off" spellcheck="false" required
  /></label>`;
}

function area(name: string, label: string, hint: string, isRequired = true): TemplateResult {
  return html`<label
    >${label} <textarea name=${name} rows="3" placeholder=${hint} ?required=${isRequired}></textarea>
  </label>`;
}

function choice(name: string, label: string, values: readonly string[], chosen = ''): TemplateResult {
  return html`<label
    >${label}
    <select name=${name} required>
      ${values.length === 0 ? html`<option value="">none is free</option>` : nothing}
      ${values.map((value) => html`<option ?selected=${value === chosen}>${value}</option>`)}
    </select></label
  >`;
}

function tick(name: string, label: string): TemplateResult {
  return html`<label class="tick"><input type="checkbox" name=${name} /> ${label}</label>`;
}
