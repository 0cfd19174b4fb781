import * as z from 'zod/mini';
import { type InboxReading, readInbox, settleReading } from '../dispatch/inbox.ts';
import { noBinding, refuse } from '../domain/errors.ts';
import { findSessionBinding } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { type DeliveryView, viewDeliveryOf } from '../ledger/deliveryStore.ts';
import type { Mailbox } from '../ledger/inboxStore.ts';
import type { Notification } from '../ledger/notificationStore.ts';
import { requireSession, type Session } from '../ledger/sessionStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { flag, type InputOf, integerWithDefault, numberWithDefault, positional } from './argument.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';

const common = {
  consumeNext: flag('take the oldest message, then list the rest'),
  wait: flag('wait until there is a message'),
  timeout: numberWithDefault('seconds to wait at most', 30, { placeholder: 'SECONDS' }),
  interval: numberWithDefault('seconds between looks that nobody asked for', 2, { placeholder: 'SECONDS' }),
  limit: integerWithDefault('messages to list at most', 10, { placeholder: 'N' }),
  json: flag('print JSON'),
};
type CommonInput = InputOf<typeof common>;

/** A message, and how far it got on its way into the session's pane; null when it was only ever to be read here. */
type InboxItem = Notification & { readonly delivery: DeliveryView | null };

interface InboxOutput {
  readonly session: Pick<Session, 'id' | 'name' | 'role'>;
  readonly task?: { readonly id: string; readonly name: string };
  readonly consumed: InboxItem | null;
  readonly items: readonly InboxItem[];
  readonly wait: {
    readonly enabled: boolean;
    readonly elapsed_seconds: number;
    readonly interval_seconds: number;
    readonly poll_count: number;
    readonly timed_out: boolean;
    readonly timeout_seconds: number;
  };
}

const notification = () =>
  z.custom<InboxItem>((value) => typeof value === 'object' && value !== null && 'dedupe_key' in value);
const output = (): z.ZodMiniType<InboxOutput> =>
  z.object({
    session: z.object({ id: z.string(), name: z.string(), role: z.enum(['worker', 'manager']) }),
    task: z.exactOptional(z.object({ id: z.string(), name: z.string() })),
    consumed: z.nullable(notification()),
    items: z.array(notification()),
    wait: z.object({
      enabled: z.boolean(),
      elapsed_seconds: z.number(),
      interval_seconds: z.number(),
      poll_count: z.number(),
      timed_out: z.boolean(),
      timeout_seconds: z.number(),
    }),
  });

/** Everything that waits for a session, of whatever task. */
export const sessionInbox = defineOperation({
  name: 'session-inbox',
  summary: 'Read the messages of a session.',
  effect: 'writes',
  inputs: { session: positional('name of the session', 'SESSION'), ...common },
  output,
  text,
  run: (context, input) => {
    const session = requireSession(context.ledger, input.session);
    return read(context, input, session, null, {});
  },
});

/** What waits for the manager of a task. */
export const managerInbox = defineOperation({
  name: 'manager-inbox',
  summary: 'Read the messages for the manager of a task.',
  effect: 'writes',
  inputs: { task: positional('task id or name', 'TASK'), ...common },
  output,
  text,
  run: (context, input) => readBound(context, input, 'manager'),
});

/** What waits for the worker of a task. */
export const workerInbox = defineOperation({
  name: 'worker-inbox',
  summary: 'Read the messages for the worker of a task.',
  effect: 'writes',
  inputs: { task: positional('task id or name', 'TASK'), ...common },
  output,
  text,
  run: (context, input) => readBound(context, input, 'worker'),
});

function readBound(
  context: OperationContext,
  input: CommonInput & { readonly task: string },
  role: Session['role'],
): Promise<InboxOutput> {
  const task = requireTask(context.ledger, input.task);
  const bound = findSessionBinding(context.ledger, task.id);
  if (bound === null) throw noBinding(input.task);
  // Mail of another task stays where it is (OD-24).
  return read(context, input, bound[role], bound.binding.id, { task: { id: task.id, name: input.task } });
}

async function read(
  context: OperationContext,
  input: CommonInput,
  session: Session,
  bindingId: string | null,
  about: Pick<InboxOutput, 'task'>,
): Promise<InboxOutput> {
  checkWait(input);
  const { ledger, clock, host, signal } = context;
  const deps = { ledger, clock, host };
  const mailbox: Mailbox = { sessionId: session.id, bindingId };
  const reading = await readInbox(deps, {
    mailbox,
    consumeNext: input.consumeNext,
    limit: input.limit === 0 ? 10 : Math.max(1, input.limit),
    wait: input.wait ? { timeoutSeconds: input.timeout, intervalSeconds: input.interval } : null,
    signal,
  });
  // Consumed only once whoever asked has it in writing (OD-9).
  context.onOutputSettled((written) => settleReading(deps, reading, written, input.wait));
  return {
    session: { id: session.id, name: session.name, role: session.role },
    ...about,
    consumed: reading.consumed === null ? null : withDelivery(ledger, reading.consumed),
    items: reading.items.map((item) => withDelivery(ledger, item)),
    wait: waitKeys(input, reading),
  };
}

function withDelivery(ledger: Connection, item: Notification): InboxItem {
  return { ...item, delivery: viewDeliveryOf(ledger, item) };
}

function checkWait({ timeout, interval }: CommonInput): void {
  if (timeout < 0) throw refuse('invalid_value', '--timeout must be non-negative');
  if (interval <= 0) throw refuse('invalid_value', '--interval must be greater than zero');
}

function waitKeys(input: CommonInput, reading: InboxReading): InboxOutput['wait'] {
  return {
    enabled: input.wait,
    elapsed_seconds: reading.elapsedSeconds,
    interval_seconds: input.interval,
    poll_count: reading.pollCount,
    timed_out: reading.timedOut,
    timeout_seconds: input.timeout,
  };
}

/** People and agents read this: the words of each message are in it (OD-28). */
function text({ session, task, consumed, items, wait }: InboxOutput): string {
  const lines = [`inbox for ${session.name}${task === undefined ? '' : ` on ${task.name}`}`];
  if (consumed !== null) {
    const { id, signal_type: signal, delivery_mode: mode, correlation_id: correlation } = consumed;
    lines.push(`consumed #${id} ${signal} ${mode} ${route(consumed)} at ${consumed.consumed_at} (${correlation})`);
    lines.push(...body(consumed));
  }
  if (wait.timed_out) lines.push(`nothing came within ${wait.timeout_seconds} s`);
  lines.push(items.length === 0 ? 'pending: none' : `pending: ${items.length}`);
  for (const item of items) {
    const { id, signal_type: signal, delivery_mode: mode, correlation_id: correlation } = item;
    lines.push(`#${id} ${signal} ${mode} ${route(item)} delivered ${item.delivered_at ?? '-'} (${correlation})`);
    if (item.delivery !== null) lines.push(`  ${deliveryLine(item.delivery)}`);
    lines.push(...body(item));
  }
  return `${lines.join('\n')}\n`;
}

function deliveryLine({ state, rung, reason, seen_at: seen }: DeliveryView): string {
  return [`delivery: ${state}`, rung === null ? '' : `by ${rung}`, seen === null ? '' : `seen ${seen}`, reason ?? '']
    .filter(Boolean)
    .join(', ');
}

function route({ source_session_name: source, target_session_name: target }: Notification): string {
  return `from ${source ?? '-'} to ${target ?? '-'}`;
}

function body({ payload }: Notification): readonly string[] {
  const { message } = payload;
  return typeof message === 'string' ? message.split('\n').map((line) => `  ${line}`) : [];
}
