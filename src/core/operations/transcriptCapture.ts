import * as z from 'zod/mini';
import type { JsonObject } from '../domain/json.ts';
import { captureModes } from '../domain/transcriptSegment.ts';
import { requireTask, type Task } from '../ledger/taskStore.ts';
import { measure } from '../record/redact.ts';
import {
  captureEachSide,
  type CapturedSide,
  captureSide,
  type FailedSide,
  requireSegments,
} from '../supervise/transcriptCapture.ts';
import { refuse } from '../domain/errors.ts';
import { choiceWithDefault, flag, integerWithDefault, positional } from './argument.ts';
import { contentFlags } from './contentClasses.ts';
import { contradictionsOf } from './confirmations.ts';
import { jsonRecord } from './outputs.ts';
import { defineOperation } from './operation.ts';
import { tmuxAtOf } from './panes.ts';

/** Looks at the terminals of a task and keeps what is new in them. */
export const transcriptCapture = defineOperation({
  name: 'transcript-capture',
  summary: 'Look at the terminals of a task and keep what is new in them.',
  effect: 'writes',
  inputs: {
    task: positional('name or id of the task', 'TASK'),
    role: choiceWithDefault('which side', ['all', 'worker', 'manager'], 'all'),
    mode: choiceWithDefault('how much of it is kept', captureModes, 'segment'),
    lines: integerWithDefault('how far back the terminal is read', 200),
    requireSegment: flag('fail unless every side had something new'),
    json: flag('print JSON'),
    ...contentFlags,
  },
  output: () => z.object({ captures: z.array(jsonRecord()), mode: z.string(), role: z.string(), task: z.string() }),
  run: async (context, input) => {
    const { ledger, clock, host } = context;
    if (input.lines < 0) throw refuse('invalid_value', '--lines must be >= 0');
    const task = requireTask(ledger, input.task);
    const ports = { ledger, clock, host, tmuxOn: tmuxAtOf(context), isContradicted: contradictionsOf(context) };
    const request = { task, mode: input.mode, lines: input.lines };
    const sides =
      input.role === 'all'
        ? await captureEachSide(ports, request)
        : [await captureSide(ports, { ...request, role: input.role })];
    if (input.requireSegment) requireSegments(sides);
    const captures = sides.map((side) => ('recorded' in side ? shown(task, side, input) : failed(side)));
    return { captures, mode: input.mode, role: input.role, task: task.name };
  },
  text: ({ captures }) => captures.map((capture) => `${line(captureLine().parse(capture))}\n`).join(''),
});

function failed({ role, error }: FailedSide): JsonObject {
  return { role, error };
}

function shown(
  task: Task,
  { role, session, content, paneId, classifier, recorded }: CapturedSide,
  { mode, includeContent }: { readonly mode: string; readonly includeContent: boolean },
): JsonObject {
  const { bytes, lines } = measure(content);
  const segment = recorded.transcript_segment;
  return {
    // Of an older kind of binding; those of sessions are told by the session.
    binding_id: null,
    capture: {
      id: recorded.capture_id,
      classifier,
      content_sha256: recorded.content_sha256,
      history_lines: recorded.history_lines,
      line_count: recorded.line_count,
      source: recorded.source,
      ...(includeContent
        ? { output: content }
        : { output_redacted: true, output_byte_count: bytes, output_line_count: lines }),
    },
    observation_id: recorded.observation_id,
    role,
    task: { id: task.id, name: task.name, state: task.state },
    transcript_segment:
      segment === null
        ? null
        : {
            id: segment.id,
            line_count: segment.line_count,
            mode,
            previous_capture_id: recorded.previous_capture_id,
            segment_kind: segment.kind,
            source_capture_id: recorded.capture_id,
          },
    [role]: {
      id: session.id,
      name: session.name,
      state: session.state,
      tmux_pane_id: paneId,
      tmux_session: session.tmux_session,
    },
  };
}

const captureLine = () =>
  z.object({
    role: z.string(),
    error: z.optional(z.string()),
    capture: z.optional(z.looseObject({ id: z.number() })),
    transcript_segment: z.optional(
      z.nullable(z.looseObject({ id: z.number(), segment_kind: z.string(), line_count: z.number() })),
    ),
  });

function line({ role, error, capture, transcript_segment: segment }: z.infer<ReturnType<typeof captureLine>>): string {
  if (capture === undefined) return `${role}: ${error}`;
  if (segment == null) return `${role}: capture ${capture.id} no new transcript segment`;
  return `${role}: capture ${capture.id} segment ${segment.id} (${segment.segment_kind}, ${segment.line_count} lines)`;
}
