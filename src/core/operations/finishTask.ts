import * as z from 'zod/mini';
import { captureModes } from '../domain/transcriptSegment.ts';
import { endTask } from '../supervise/endTask.ts';
import type { EndOutput } from '../supervise/endRecords.ts';
import {
  choiceWithDefault,
  flag,
  integerWithDefault,
  optionalInteger,
  optionalText,
  positional,
  textWithDefault,
} from './argument.ts';
import { endPortsOf } from './endTaskPorts.ts';
import { defineOperation } from './operation.ts';

const common = {
  task: positional('task id or name', 'TASK'),
  stopWorker: flag("close the worker's terminal"),
  message: optionalText('what to tell the worker before its terminal is closed', { placeholder: 'TEXT' }),
  decisionId: optionalInteger('the recorded decision to stop', { placeholder: 'ID' }),
  strictDecisions: flag('refuse without a fresh decision to stop'),
};

const nothingDemanded = { criteriaAudit: false, acks: false, epilogue: false, adversarialProof: false };
const noCapture = { isWanted: false, mode: 'segment', lines: 200, requireSegment: false } as const;

export const endOutput = (): z.ZodMiniType<EndOutput> =>
  z.custom<EndOutput>(
    (value) =>
      z
        .looseObject({
          already_done_followup: z.boolean(),
          command_id: z.string(),
          final_decision_id: z.nullable(z.number()),
          final_observation_id: z.nullable(z.number()),
          finish: z.boolean(),
          killed_manager: z.boolean(),
          killed_worker: z.boolean(),
          manager_decision: z.looseObject({ ok: z.boolean() }),
          manager_session: z.nullable(z.string()),
          pre_stop_transcript_captures: z.array(z.looseObject({ capture_id: z.number() })),
          reason: z.string(),
          stop_manager: z.boolean(),
          stop_worker: z.boolean(),
          task: z.string(),
          worker: z.nullable(z.string()),
          worker_session: z.nullable(z.string()),
        })
        .safeParse(value).success,
  );

/** Ends a task as done, after every gate that is asked for. */
export const finishTask = defineOperation({
  name: 'finish-task',
  summary: 'Finish a task, after its gates.',
  effect: 'acts',
  inputs: {
    ...common,
    reason: textWithDefault('why it is done', 'Task finished by operator.', { placeholder: 'TEXT' }),
    stopManager: flag("close the manager's terminal"),
    captureTranscriptBeforeStop: flag('keep what the terminals show before they are closed'),
    captureTranscriptMode: choiceWithDefault('how much of it to keep', captureModes, 'segment', {
      placeholder: 'MODE',
    }),
    captureTranscriptLines: integerWithDefault('lines of history to look at', 200, { placeholder: 'N' }),
    requireTranscriptSegment: flag('refuse when a terminal that is captured shows nothing'),
    requireCriteriaAudit: flag('refuse while accepted criteria are open, or when there are none at all'),
    requireAcks: flag('refuse unless both sides have acknowledged the current contract'),
    requireEpilogue: flag('refuse until every configured final step has succeeded'),
    requireAdversarialProof: flag('refuse until somebody has tried to disprove the work'),
  },
  output: endOutput,
  run: (context, input) =>
    endTask(endPortsOf(context), {
      kind: 'finish',
      task: input.task,
      reason: input.reason,
      stopManager: input.stopManager,
      stopWorker: input.stopWorker,
      message: input.message,
      decisionId: input.decisionId,
      strictDecisions: input.strictDecisions,
      demands: {
        criteriaAudit: input.requireCriteriaAudit,
        acks: input.requireAcks,
        epilogue: input.requireEpilogue,
        adversarialProof: input.requireAdversarialProof,
      },
      capture: {
        isWanted: input.captureTranscriptBeforeStop,
        mode: input.captureTranscriptMode,
        lines: input.captureTranscriptLines,
        requireSegment: input.requireTranscriptSegment,
      },
    }),
});

/** Gives a task up: ends it without gates and closes the manager's terminal. */
export const stopTask = defineOperation({
  name: 'stop-task',
  summary: "Give a task up and close its manager's terminal.",
  effect: 'acts',
  inputs: {
    ...common,
    reason: textWithDefault('why it is given up', 'Task stopped by operator.', { placeholder: 'TEXT' }),
  },
  output: endOutput,
  run: (context, input) =>
    endTask(endPortsOf(context), {
      kind: 'stop',
      task: input.task,
      reason: input.reason,
      stopManager: true,
      stopWorker: input.stopWorker,
      message: input.message,
      decisionId: input.decisionId,
      strictDecisions: input.strictDecisions,
      demands: nothingDemanded,
      capture: noCapture,
    }),
});
