import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import type { Connection } from '../ledger/connection.ts';
import {
  type Criterion,
  criterionSources,
  type CriterionStatus,
  criterionStatuses,
  listCriteria,
  summarizeCriteria,
} from '../ledger/criterionStore.ts';
import { requireTask, type Task } from '../ledger/taskStore.ts';
import { addCriterion, type CriterionNote, moveCriterion } from '../supervise/criteria.ts';
import { flag, type InputOf, optionalInteger, optionalText, positional, textList } from './argument.ts';
import { parseObject } from './jsonInput.ts';
import { defineOperation } from './operation.ts';
import { jsonRecord } from './outputs.ts';

const id = (help: string) => optionalInteger(help, { placeholder: 'ID' });

const inputs = {
  task: positional('task id or name', 'TASK'),
  list: flag('list the criteria'),
  add: flag('add a criterion'),
  accept: id('the criterion must be met'),
  satisfy: id('the criterion is met; needs proof or evidence'),
  defer: id('the criterion is left for later'),
  reject: id('the criterion is turned down'),
  status: textList(`status of the new one, or of those to list: ${criterionStatuses.join(', ')}`, {
    placeholder: 'STATUS',
  }),
  criterion: optionalText('text of the new one', { placeholder: 'TEXT' }),
  source: optionalText(`who wants the new one: ${criterionSources.join(', ')}`, { placeholder: 'SOURCE' }),
  proof: optionalText('what shows it', { placeholder: 'TEXT' }),
  rationale: optionalText('why', { placeholder: 'TEXT' }),
  evidenceJson: optionalText('facts that show it, as a JSON object; replaces what is stored', {
    placeholder: 'OBJECT',
  }),
};

type Input = InputOf<typeof inputs>;

export const criterionOutput = (): z.ZodMiniType<Criterion> =>
  z.object({
    id: z.number(),
    task_id: z.string(),
    criterion: z.string(),
    status: z.enum(criterionStatuses),
    source: z.enum(criterionSources),
    proof: z.nullable(z.string()),
    rationale: z.nullable(z.string()),
    evidence: jsonRecord(),
    created_at: z.string(),
    updated_at: z.string(),
  });

const output = () =>
  z.object({
    task: z.object({ id: z.string(), name: z.string() }),
    criteria: z.readonly(z.array(criterionOutput())),
    summary: z.record(z.enum(criterionStatuses), z.number()),
    affected_criterion: z.optional(criterionOutput()),
    warnings: z.optional(z.readonly(z.array(z.string()))),
  });

type Output = z.infer<ReturnType<typeof output>>;

/** The ledger of what must be true before a task is done. */
export const criteria = defineOperation({
  name: 'criteria',
  summary: 'List, add, accept, satisfy, defer or reject acceptance criteria.',
  effect: 'writes',
  inputs,
  exclusive: [{ names: ['list', 'add', 'accept', 'satisfy', 'defer', 'reject'], required: true }],
  output,
  run: ({ ledger, clock }, input): Output => {
    if (input.list) {
      const wanted = input.status.map(requireStatus);
      return ledger.read(() => view(ledger, requireTask(ledger, input.task), wanted));
    }
    const note = noteOf(input);
    return ledger.write(() => {
      const task = requireTask(ledger, input.task);
      return input.add ? add(ledger, task, input, note, clock.now()) : move(ledger, task, input, note, clock.now());
    });
  },
});

function add(ledger: Connection, task: Task, input: Input, note: CriterionNote, now: number): Output {
  const { criterion: text } = input;
  if (!text) throw refuse('missing_input', '--criterion is required with criteria --add');
  if (input.source === null) throw refuse('missing_input', '--source is required with criteria --add');
  if (input.status.length > 1) throw refuse('invalid_value', 'criteria --add accepts at most one --status');
  const status = requireStatus(input.status[0] ?? 'proposed');
  const source = requireOneOf('--source', input.source, criterionSources);
  const added = addCriterion(ledger, task, { ...note, text, source, status }, now);
  const output = { ...view(ledger, task, []), affected_criterion: added.criterion };
  if (added.created) return output;
  const warning = `criterion #${added.criterion.id} was there already and stays ${added.criterion.status}; change it with --accept, --satisfy, --defer or --reject`;
  return { ...output, warnings: [warning] };
}

function move(ledger: Connection, task: Task, input: Input, note: CriterionNote, now: number): Output {
  if (input.status.length > 0) {
    throw refuse('invalid_value', '--status is only supported with criteria --list or --add');
  }
  const affected = moveCriterion(ledger, task, { ...moveOf(input), note }, now);
  return { ...view(ledger, task, []), affected_criterion: affected };
}

function moveOf({ accept, satisfy, defer, reject }: Input): { id: number; status: CriterionStatus } {
  if (accept !== null) return { id: accept, status: 'accepted' };
  if (satisfy !== null) return { id: satisfy, status: 'satisfied' };
  if (defer !== null) return { id: defer, status: 'deferred' };
  if (reject !== null) return { id: reject, status: 'rejected' };
  throw refuse('missing_input', 'say what to do: --list, --add, --accept, --satisfy, --defer or --reject');
}

function noteOf({ proof, rationale, evidenceJson }: Input): CriterionNote {
  if (evidenceJson === null) return { proof, rationale };
  return { proof, rationale, evidence: evidenceJson === '' ? {} : parseObject('--evidence-json', evidenceJson) };
}

/** A filter narrows the list, not the counts. */
function view(ledger: Connection, task: Task, wanted: readonly CriterionStatus[]): Output {
  const all = listCriteria(ledger, task.id);
  return {
    task: { id: task.id, name: task.name },
    criteria: wanted.length === 0 ? all : all.filter(({ status }) => wanted.includes(status)),
    summary: summarizeCriteria(all),
  };
}

function requireStatus(text: string): CriterionStatus {
  return requireOneOf('--status', text, criterionStatuses);
}

function requireOneOf<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) {
    throw refuse('invalid_value', `${name} '${text}' is not known; choose from ${choices.toSorted().join(', ')}`);
  }
  return found;
}
