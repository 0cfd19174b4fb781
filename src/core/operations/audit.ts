import * as z from 'zod/mini';
import { listAuditEvents } from '../ledger/auditQueryStore.ts';
import type { AuditedEvent } from '../ledger/auditTables.ts';
import { requireTask, type Task, taskRow } from '../ledger/taskStore.ts';
import { refuse } from '../domain/errors.ts';
import { auditPage, auditTask, type TaskAudit } from '../record/audit.ts';
import { shownTask } from '../record/hideColumns.ts';
import { flag, type InputOf, optionalInteger, optionalText, positional } from './argument.ts';
import { contentFlags } from './contentClasses.ts';
import { defineOperation } from './operation.ts';

/** As text: the task and its log. It reads no other table. */
interface AuditLog {
  readonly task: Task;
  readonly events: readonly AuditedEvent[];
}

export const taskOutput = () => taskRow;

const inputs = {
  task: positional('name or id of the task', 'TASK'),
  limit: optionalInteger('with --json: only the newest so many rows of each table; 100 for a further page'),
  before: optionalText('with --json: the page before this cursor, which is older_cursor of the page after it', {
    placeholder: 'CURSOR',
  }),
  ...contentFlags,
  json: flag('print JSON with every table that knows the task'),
};

/** The whole record of a task. */
export const audit = defineOperation({
  name: 'audit',
  summary: 'Show everything on record about a task.',
  effect: 'reads',
  inputs,
  output: () =>
    z.custom<TaskAudit | AuditLog>((value) => z.looseObject({ task: taskOutput() }).safeParse(value).success),
  run: ({ ledger }, input): TaskAudit | AuditLog => {
    refuseNoPage(input);
    const { task: reference, limit, before, includeContent, json } = input;
    const task = requireTask(ledger, reference);
    if (!json) return { task: shownTask(task, includeContent), events: listAuditEvents(ledger, task.id) };
    if (limit === null && before === null) return auditTask(ledger, task, includeContent);
    return auditPage(ledger, task, { includeContent, limit: limit ?? 100, before });
  },
  text: (output) => {
    if ('correlation_chains' in output) throw new Error('an audit of every table is printed as JSON');
    const { task, events } = output;
    return [`${task.name}\t${task.state}\t${task.goal}`, ...events.map(eventLine), ''].join('\n');
  },
});

function refuseNoPage({ limit, before, json }: InputOf<typeof inputs>): void {
  if (!json && (limit !== null || before !== null)) throw refuse('usage', '--limit and --before need --json');
  if (limit !== null && limit < 1) throw refuse('invalid_value', `--limit must be a positive number, not ${limit}`);
}

function eventLine({
  created_at,
  type,
  actor,
  command_id,
}: Pick<AuditedEvent, 'created_at' | 'type' | 'actor' | 'command_id'>): string {
  return [created_at, type, `actor=${actor}`, ...(command_id === null ? [] : [`command=${command_id}`])].join('\t');
}
