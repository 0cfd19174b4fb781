import { refuse } from '../domain/errors.ts';
import { newIdentifier } from '../domain/identifiers.ts';
import type { JsonObject } from '../domain/json.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import type { Connection } from '../ledger/connection.ts';
import {
  type Continuation,
  type ContinuationReview,
  findContinuation,
  insertContinuation,
  listContinuationReviews,
  listContinuations,
} from '../ledger/continuationStore.ts';
import type { SessionRole } from '../ledger/sessionStore.ts';
import type { Task } from '../ledger/taskStore.ts';

export interface Proposal {
  readonly proposer: SessionRole;
  readonly payload: JsonObject;
  readonly correlationId: string | null;
}

/**
 * Records what a side proposes for a turn. The worker goes first and may think again; the manager follows, once: by then it
 * may read what the worker wrote, and its own view must not be written after that (CP-40). Call inside a write transaction.
 */
export function propose(ledger: Connection, task: Task, proposal: Proposal, now: number): Continuation {
  const { proposer, payload } = proposal;
  const correlationId =
    proposer === 'worker'
      ? (proposal.correlationId ?? newIdentifier('continuation'))
      : requireManagersTurn(ledger, task, proposal.correlationId);
  const continuation = insertContinuation(ledger, { taskId: task.id, proposer, payload, correlationId }, now);
  recordEvent(
    ledger,
    {
      type: 'task_continuation_recorded',
      actor: proposer,
      taskId: task.id,
      correlationId,
      payload: { continuation_id: continuation.id, payload_keys: Object.keys(payload).toSorted(), proposer },
    },
    now,
  );
  return continuation;
}

function requireManagersTurn(ledger: Connection, task: Task, correlationId: string | null): string {
  if (correlationId === null) {
    throw refuse('missing_input', "manager continuation requires --correlation-id, the one of the worker's proposal");
  }
  if (findContinuation(ledger, task.id, 'worker', correlationId) === null) {
    throw refuse('missing_input', `turn ${correlationId} has no proposal of the worker yet; it goes first`);
  }
  if (findContinuation(ledger, task.id, 'manager', correlationId) !== null) {
    throw refuse('invalid_value', `the manager has proposed for turn ${correlationId} already; a proposal stands`);
  }
  return correlationId;
}

type Reader = 'all' | 'worker' | 'manager' | 'reviewer';

export interface ListRequest {
  readonly correlationId: string | null;
  readonly reader: Reader;
  readonly includePayload: boolean;
}

/** A proposal as somebody may see it. */
type ShownContinuation = Omit<Continuation, 'payload'> & {
  readonly payload?: JsonObject;
  readonly payload_redacted?: true;
};

export interface ShownContinuations {
  readonly continuations: readonly ShownContinuation[];
  readonly reviews: readonly ContinuationReview[];
}

/** The proposals and reviews of a task. A manager sees no worker's payload of a turn that it has not proposed for. */
export function showContinuations(ledger: Connection, task: Task, request: ListRequest): ShownContinuations {
  const { correlationId, reader, includePayload } = request;
  const isHidden = (one: Continuation) =>
    reader === 'manager' &&
    one.proposer === 'worker' &&
    findContinuation(ledger, task.id, 'manager', one.correlation_id) === null;
  const found = listContinuations(ledger, task.id, correlationId);
  if (includePayload && correlationId !== null && found.some(isHidden)) {
    throw refuse(
      'permission_denied',
      `manager cannot read worker continuation payload before submitting its own for turn ${correlationId}`,
    );
  }
  return {
    continuations: found.map((one) => (includePayload && !isHidden(one) ? one : withoutPayload(one))),
    reviews: listContinuationReviews(ledger, task.id),
  };
}

function withoutPayload({ payload: _payload, ...rest }: Continuation): ShownContinuation {
  return { ...rest, payload_redacted: true };
}
