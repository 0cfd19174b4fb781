import * as z from 'zod/mini';
import { listAuditEvents, type AuditedEvent } from '../ledger/auditQueryStore.ts';
import { requireTask, type Task, taskRow } from '../ledger/taskStore.ts';
import { auditTask, type TaskAudit } from '../record/audit.ts';
import { shownTask } from '../record/hideColumns.ts';
import { flag, positional } from './argument.ts';
import { contentFlags } from './contentClasses.ts';
import { defineOperation } from './operation.ts';

/** As text: the task and its log. It reads no other table. */
interface AuditLog {
  readonly task: Task;
  readonly events: readonly AuditedEvent[];
}

export const taskOutput = () => taskRow;

/** The whole record of a task. */
export const audit = defineOperation({
  name: 'audit',
  summary: 'Show everything on record about a task.',
  effect: 'reads',
  inputs: {
    task: positional('name or id of the task', 'TASK'),
    ...contentFlags,
    json: flag('print JSON with every table that knows the task'),
  },
  output: () =>
    z.custom<TaskAudit | AuditLog>((value) => z.looseObject({ task: taskOutput() }).safeParse(value).success),
  run: ({ ledger }, { task: reference, includeContent, json }): TaskAudit | AuditLog => {
    const task = requireTask(ledger, reference);
    if (json) return auditTask(ledger, task, includeContent);
    return { task: shownTask(task, includeContent), events: listAuditEvents(ledger, task.id) };
  },
  text: ({ task, events }) => [`${task.name}\t${task.state}\t${task.goal}`, ...events.map(eventLine), ''].join('\n'),
});

function eventLine({
  created_at,
  type,
  actor,
  command_id,
}: Pick<AuditedEvent, 'created_at' | 'type' | 'actor' | 'command_id'>): string {
  return [created_at, type, `actor=${actor}`, ...(command_id === null ? [] : [`command=${command_id}`])].join('\t');
}
