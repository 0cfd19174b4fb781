import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { agreements, type Continuation, type ContinuationReview, verdicts } from '../ledger/continuationStore.ts';
import { sessionRoles } from '../ledger/sessionStore.ts';
import { requireTask, type Task } from '../ledger/taskStore.ts';
import {
  parseReview,
  type RecordedReview,
  recordReview,
  requireReviewPermission,
  requireTurn,
} from '../supervise/continuationReview.ts';
import { propose, type ShownContinuations, showContinuations } from '../supervise/continuations.ts';
import { choiceWithDefault, flag, type InputOf, optionalChoice, optionalText, positional } from './argument.ts';
import { givenText } from './givenText.ts';
import { readObject } from './jsonInput.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { jsonRecord } from './outputs.ts';

const inputs = {
  task: positional('task id or name', 'TASK'),
  submit: optionalChoice('propose what comes next, as this side', sessionRoles, { placeholder: 'ROLE' }),
  review: flag("record a reviewer's verdict on both proposals"),
  list: flag('list proposals and reviews'),
  fromStdin: flag('read the proposal or the review from standard input'),
  correlationId: optionalText('the turn', { placeholder: 'ID' }),
  asRole: choiceWithDefault('who reads', ['all', 'worker', 'manager', 'reviewer'], 'all', { placeholder: 'ROLE' }),
  includePayload: flag('with what was proposed'),
};

type Input = InputOf<typeof inputs>;

const proposalOutput = () =>
  z.object({
    correlation_id: z.string(),
    created_at: z.string(),
    id: z.number(),
    payload: jsonRecord(),
    proposer: z.enum(sessionRoles),
    revision: z.number(),
    task_id: z.string(),
  });

export const reviewOutput = (): z.ZodMiniType<ContinuationReview> =>
  z.object({
    addendum: z.nullable(z.string()),
    agreement: z.enum(agreements),
    correlation_id: z.string(),
    created_at: z.string(),
    id: z.number(),
    manager_continuation_id: z.number(),
    rationale: z.string(),
    subagent_run: jsonRecord(),
    task_id: z.string(),
    verdict: z.enum(verdicts),
    worker_continuation_id: z.number(),
  });

type Listed = ShownContinuations & { readonly task: { readonly id: string; readonly name: string } };
type Output = Continuation | RecordedReview | Listed;

const isOutput = (value: unknown): boolean =>
  z
    .union([
      proposalOutput(),
      z.looseObject({ operator_routing_required: z.boolean(), verdict: z.enum(verdicts) }),
      z.object({
        continuations: z.array(z.looseObject({ id: z.number(), proposer: z.enum(sessionRoles) })),
        reviews: z.array(reviewOutput()),
        task: z.object({ id: z.string(), name: z.string() }),
      }),
    ])
    .safeParse(value).success;

/** What should happen after a completion: the worker proposes, then the manager, then a third party reviews. */
export const continuation = defineOperation({
  name: 'continuation',
  summary: 'Propose what comes next, review proposals, or list them.',
  effect: 'writes',
  inputs,
  output: () => z.custom<Output>(isOutput),
  run: async (context, input): Promise<Output> => {
    const asked = [input.submit !== null, input.review, input.list].filter(Boolean).length;
    if (asked !== 1)
      throw refuse('missing_input', 'continuation requires exactly one of --submit, --review and --list');
    const task = requireTask(context.ledger, input.task);
    if (input.list) return list(context, task, input);
    if (!input.fromStdin) {
      throw refuse('missing_input', 'continuation requires --from-stdin with --submit and --review');
    }
    return input.review ? review(context, task, input) : submit(context, task, input);
  },
});

function list({ ledger }: OperationContext, task: Task, input: Input): Listed {
  const { asRole: reader, includePayload } = input;
  const correlationId = givenText(input.correlationId);
  const shown = ledger.read(() => showContinuations(ledger, task, { reader, includePayload, correlationId }));
  return { ...shown, task: { id: task.id, name: task.name } };
}

async function submit(context: OperationContext, task: Task, input: Input): Promise<Continuation> {
  const { ledger, clock } = context;
  const payload = await readObject(context);
  const proposer = input.submit ?? 'worker';
  return ledger.write(() =>
    propose(ledger, task, { proposer, payload, correlationId: givenText(input.correlationId) }, clock.now()),
  );
}

async function review(context: OperationContext, task: Task, input: Input): Promise<RecordedReview> {
  const { ledger, clock } = context;
  const correlationId = givenText(input.correlationId);
  if (correlationId === null) throw refuse('missing_input', 'continuation --review requires --correlation-id');
  ledger.read(() => {
    requireReviewPermission(ledger, task);
    requireTurn(ledger, task, correlationId);
  });
  const verdict = parseReview(await readObject(context));
  return ledger.write(() => {
    requireReviewPermission(ledger, task);
    return recordReview(ledger, task, requireTurn(ledger, task, correlationId), verdict, clock.now());
  });
}
