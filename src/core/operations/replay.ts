import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { type Replay, replayTask, replayText } from '../record/replay.ts';
import { replayFormats, replayRoles } from '../record/story.ts';
import { choiceWithDefault, flag, optionalInteger, optionalText, positional } from './argument.ts';
import { contentFlags } from './contentClasses.ts';
import { taskOutput } from './audit.ts';
import { defineOperation } from './operation.ts';

const replayShape = z.object({
  task: taskOutput(),
  mode: z.enum(replayFormats),
  role: z.enum(replayRoles),
  entries: z.array(
    z.object({
      timestamp: z.string(),
      kind: z.string(),
      actor: z.string(),
      summary: z.string(),
      source: z.string(),
      source_id: z.union([z.int(), z.string()]),
      details: z.record(z.string(), z.json()),
    }),
  ),
  entry_count: z.int(),
  older_cursor: z.optional(z.nullable(z.string())),
});

/** What happened to a task, in order. Without what agents said and terminals showed, unless that is asked for. */
export const replay = defineOperation({
  name: 'replay',
  summary: 'Tell what happened to a task, oldest first.',
  effect: 'reads',
  inputs: {
    task: positional('task id or name', 'TASK'),
    format: choiceWithDefault('how much of it', replayFormats, 'timeline'),
    role: choiceWithDefault('only what one side sees', replayRoles, 'all'),
    limit: optionalInteger('only the newest so many entries'),
    before: optionalText('only entries before this cursor: older_cursor of the page after it', {
      placeholder: 'CURSOR',
    }),
    ...contentFlags,
    json: flag('print JSON'),
  },
  output: () => z.custom<Replay>((value) => replayShape.safeParse(value).success),
  run: ({ ledger }, { task, format, role, limit, before, includeContent, raw }) => {
    if (format === 'full-transcript' && !includeContent) {
      throw refuse(
        'missing_input',
        'replay --format full-transcript would print stored terminal content; add --include-content if that is what you want',
      );
    }
    return replayTask(ledger, requireTask(ledger, task), { format, role, limit, before, includeContent, raw });
  },
  text: (output, _input, { program }) => replayText(output, program),
});
