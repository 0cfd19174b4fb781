import * as z from 'zod/mini';

import type { DashboardControl, Receipt } from '../protocol/dashboard.ts';

const outputFields = z.record(z.string(), z.unknown());

/** One sentence on what was done. */
export function receiptMessage(control: DashboardControl, output: unknown): string {
  const { text, names } = readerOf(output);
  switch (control) {
    case 'tasks':
      return `The task ${text('name')} is there.`;
    case 'pair':
      return `${names('worker')} and ${names('manager')} work on ${names('task')}.`;
    case 'register-worker':
    case 'register-manager':
      return `${text('name')} is registered.`;
    case 'bind':
      return `${text('worker')} and ${text('manager')} are bound to ${text('task')}.`;
    case 'cycle':
      return `${text('worker_session')} is ${text('state')}.`;
    case 'session-nudge':
      return text('state') === 'queued'
        ? `The message to ${text('session')} waits for ${text('waiting_for')}.`
        : `The message reached ${text('session')}.`;
    case 'session-interrupt':
      return `The turn of ${text('session')} was interrupted.`;
    case 'finish-task':
      return `The task ${text('task')} is finished.`;
    case 'export-task':
      return `The papers of ${text('task')} are in ${text('export_dir')}.`;
  }
}

/** What of an output is worth a line of its own; words that somebody typed are not repeated. */
const labels: Readonly<Record<string, string>> = {
  binding_id: 'Binding',
  run_id: 'Run',
  command_id: 'Command',
  executed_by: 'Carried out by',
  seen_at: 'In the rollout since',
  key: 'Key',
  pressed: 'Key pressed',
  observed_by: 'Observed by',
  staleness_seconds: 'Seconds since the last event',
  notable_pane_pattern: 'Notable on its screen',
  worker_alive: 'Worker alive',
  manager_alive: 'Manager alive',
  last_event_subtype: 'Last event',
  consumed_dispatch_notifications: 'Notifications read',
  killed_worker: 'Worker terminal closed',
  killed_manager: 'Manager terminal closed',
  archive: 'Archive',
  export_dir: 'Folder',
  time: 'Time',
};

export function receiptFacts(output: unknown): Receipt['facts'] {
  const fields = outputFields.safeParse(output);
  if (!fields.success) return [];
  return Object.entries(labels).flatMap(([field, label]) => {
    const value = fields.data[field];
    return value === null || value === undefined || typeof value === 'object' ? [] : [{ label, value: shown(value) }];
  });
}

function shown(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

function readerOf(output: unknown) {
  const parsed = outputFields.safeParse(output);
  const fields = parsed.success ? parsed.data : {};
  const text = (field: string) => shown(fields[field] ?? '');
  /** The name within, where the field is a record. */
  const names = (field: string) => {
    const inner = outputFields.safeParse(fields[field]);
    return inner.success ? shown(inner.data.name ?? inner.data.session ?? '') : text(field);
  };
  return { text, names };
}
