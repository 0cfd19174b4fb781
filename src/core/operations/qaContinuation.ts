import type { ProcessedItem } from '../dispatch/dependencies.ts';
import type { Run } from '../ledger/runStore.ts';
import { commands } from './commands.ts';
import { dispatch } from './dispatch.ts';
import { enqueueContinueIteration } from './enqueue.ts';
import { workerInbox } from './inboxes.ts';
import { loopStatusVerb } from './loopStatus.ts';
import { expect, type QaDrill, type QaTask, type Seen } from './qaDrill.ts';

interface Continuation {
  readonly task: QaTask;
  readonly loop: Run;
  readonly correlationId: string;
  readonly managerDecisionId?: number;
}

interface Blocked {
  readonly reason: string;
  readonly missing: readonly string[];
}

/** Asks for iteration 2 and expects the dispatcher to stop it before the worker hears of it. */
export function expectBlocked(drill: QaDrill, name: string, asked: Continuation, expected: Blocked): Promise<void> {
  return drill.check(name, async (seen) => {
    const { item, inbox, notifications } = await requestIteration(drill, asked, seen);
    const { reason, missing_evidence: missing, target_worker_notified: notified, delivered } = item;
    expect(item.state === 'blocked', `expected the continuation to be blocked, but it is ${item.state}`);
    expect(reason === expected.reason, `expected the reason ${expected.reason}, got ${String(reason)}`);
    const listed = Array.isArray(missing) ? missing.join(', ') : String(missing);
    expect(
      listed === expected.missing.join(', '),
      `expected [${expected.missing.join(', ')}] to be missing, got [${listed}]`,
    );
    expect(delivered === false && notified === false, 'a blocked continuation is said to have reached the worker');
    expect(notifications === 0, `a blocked continuation left ${notifications} notification(s)`);
    expect(inbox === 0, `a blocked continuation left ${inbox} item(s) in the worker's inbox`);
  });
}

/** Asks for iteration 2 again and expects it in the worker's inbox, once; `then` looks at what becomes of it. */
export function expectDelivered(
  drill: QaDrill,
  name: string,
  asked: Continuation,
  then?: (seen: Seen) => Promise<void>,
): Promise<void> {
  return drill.check(name, async (seen) => {
    const { item, inbox, notifications } = await requestIteration(drill, asked, seen);
    expect(item.state === 'pull_required', `expected the worker to get it, but it is ${describe(item)}`);
    expect(inbox === 1, `expected one item in the worker's inbox, found ${inbox}`);
    expect(notifications === 1, `expected one notification, found ${notifications}`);
    await then?.(seen);
  });
}

/** The dispatch is real: queued, alone in the queue, taken up by one pass, then looked for where the worker looks. */
async function requestIteration(drill: QaDrill, { task, loop, correlationId, ...more }: Continuation, seen: Seen) {
  const { command_id: commandId } = await drill.run(enqueueContinueIteration, {
    task: task.task_name,
    loopRun: loop.id,
    requestedIteration: 2,
    message: `Go on with the next iteration (${correlationId}).`,
    correlationId,
    managerDecisionId: more.managerDecisionId,
  });
  await expectAlone(drill, correlationId);
  const pass = {
    once: true,
    limit: 1,
    type: 'continue_iteration',
    leaseSeconds: 60,
    dispatcherId: drill.dispatcherId,
    json: true,
  };
  seen.command = drill.line(dispatch, pass);
  const { processed } = await drill.run(dispatch, pass);
  const item = processed[0];
  expect(item !== undefined, 'the dispatcher took nothing up: another one may have');
  seen.dispatch = item;
  expect(item.command_id === commandId, `the dispatcher took up ${String(item.command_id)} instead of ${commandId}`);
  const inbox = (await drill.look(workerInbox, { task: task.task_name })).items.length;
  const notifications = (await drill.look(loopStatusVerb, { task: task.task_name, run: loop.id })).notifications.total;
  seen.worker_inbox_count = inbox;
  seen.routed_notifications_count = notifications;
  return { item, inbox, notifications };
}

/** Throws `gate_failed` unless the queue holds that one continuation. */
async function expectAlone(drill: QaDrill, correlationId: string): Promise<void> {
  const waiting = await waitingContinuations(drill);
  const ids = waiting.map(({ correlation_id: id }) => String(id));
  expect(
    ids.length === 1 && ids[0] === correlationId,
    `expected the queue to hold ${correlationId} alone, found [${ids.join(', ')}]`,
  );
}

export async function waitingContinuations(drill: QaDrill): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const listed = await drill.look(commands, { type: 'continue_iteration', json: true });
  return listed.filter(({ state }) => state === 'pending' || state === 'attempted');
}

function describe({ state, reason }: ProcessedItem): string {
  return typeof reason === 'string' ? `${state} (${reason})` : state;
}
