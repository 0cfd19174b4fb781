import * as z from 'zod/mini';
import type { JsonObject } from '../domain/json.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { listNewestMeasured, listNewestWithText, type MeasuredSegment } from '../ledger/transcriptStore.ts';
import { choiceWithDefault, flag, optionalInteger, positional } from './argument.ts';
import { contentFlags } from './contentClasses.ts';
import { jsonRecord } from './outputs.ts';
import { defineOperation } from './operation.ts';
import { refuse } from '../domain/errors.ts';

/** What was kept of a task's terminals. */
export const transcriptShow = defineOperation({
  name: 'transcript-show',
  summary: "Show what was kept of a task's terminals.",
  effect: 'reads',
  inputs: {
    task: positional('name or id of the task', 'TASK'),
    role: choiceWithDefault('which side', ['all', 'worker', 'manager'], 'all'),
    limit: optionalInteger('only so many of the newest; 0 for all'),
    json: flag('print JSON'),
    ...contentFlags,
  },
  output: () =>
    z.object({
      segments: z.array(jsonRecord()),
      task: z.object({ id: z.string(), name: z.string(), state: z.string() }),
    }),
  run: ({ ledger }, input) => {
    if (input.limit !== null && input.limit < 0) throw refuse('invalid_value', '--limit must be >= 0');
    const { id, name, state } = requireTask(ledger, input.task);
    const choice = {
      taskId: id,
      role: input.role === 'all' ? null : input.role,
      limit: input.limit === 0 ? null : input.limit,
    };
    const segments: JsonObject[] = input.includeContent
      ? listNewestWithText(ledger, choice).map((segment) => ({ ...segment }))
      : listNewestMeasured(ledger, choice).map(withoutText);
    return { segments, task: { id, name, state } };
  },
  text: ({ segments }) => segments.map((segment) => block(shownSegment().parse(segment))).join(''),
});

function withoutText({ text_byte_count: bytes, text_line_count: lines, ...segment }: MeasuredSegment): JsonObject {
  if (bytes === null) return segment;
  return {
    ...segment,
    segment_text_redacted: true,
    segment_text_byte_count: bytes,
    segment_text_line_count: lines,
  };
}

const shownSegment = () =>
  z.object({
    id: z.number(),
    role: z.string(),
    captured_at: z.string(),
    segment_kind: z.string(),
    segment_text: z.optional(z.nullable(z.string())),
    segment_text_byte_count: z.optional(z.number()),
    segment_text_line_count: z.optional(z.number()),
  });

type ShownSegment = z.infer<ReturnType<typeof shownSegment>>;

function block(segment: ShownSegment): string {
  const { id, role, captured_at: at, segment_kind: kind } = segment;
  return `--- ${role} transcript segment ${id} ${at} (${kind}) ---\n${words(segment)}\n`;
}

function words({
  segment_text: text,
  segment_text_byte_count: bytes,
  segment_text_line_count: lines,
}: ShownSegment): string {
  if (text != null) return text;
  return bytes === undefined ? '[metadata only]' : `[content redacted: ${lines} lines, ${bytes} bytes]`;
}
