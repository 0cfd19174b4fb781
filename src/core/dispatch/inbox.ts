import { randomUUID } from 'node:crypto';
import { refuse } from '../domain/errors.ts';
import { isJsonObject, type JsonObject } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from '../ledger/connection.ts';
import { consume, listInbox, type Mailbox, putBack, takeNext, type TakenItem } from '../ledger/inboxStore.ts';
import type { LeaseHost } from '../ledger/leaseStore.ts';
import type { Notification } from '../ledger/notificationStore.ts';
import { findRun } from '../ledger/runStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import { LedgerChanges } from './ledgerChanges.ts';
import type { FolderWatcher } from '../ports/folderWatcher.ts';

export interface InboxDependencies extends LeaseHost {
  readonly ledger: Connection;
  readonly watcher?: FolderWatcher;
}

export interface InboxRequest {
  readonly mailbox: Mailbox;
  readonly consumeNext: boolean;
  readonly limit: number;
  /** Null: look once. */
  readonly wait: { readonly timeoutSeconds: number; readonly intervalSeconds: number } | null;
  /** Aborted when the person interrupts. */
  readonly signal: AbortSignal;
}

export interface InboxReading {
  /** In this reader's hands, and consumed once it has been written out. */
  readonly taken: TakenItem | null;
  /** The same as it will be on record. */
  readonly consumed: Notification | null;
  readonly items: readonly Notification[];
  readonly pollCount: number;
  readonly elapsedSeconds: number;
  readonly timedOut: boolean;
}

/**
 * Looks into a mailbox, and waits for something if asked to. Waiting holds no lock (OD-27) and ends within milliseconds
 * of the commit that brings something (OD-25). What is taken must be settled.
 */
export async function readInbox(deps: InboxDependencies, request: InboxRequest): Promise<InboxReading> {
  const { clock, ledger, watcher } = deps;
  const reader = `reader-${randomUUID()}`;
  const started = clock.monotonic();
  const { wait, signal } = request;
  const changes = wait === null ? null : new LedgerChanges(ledger, clock, watcher);
  try {
    for (let pollCount = 1; ; pollCount += 1) {
      if (signal.aborted) throw refuse('interrupted', 'interrupted while waiting for a message; none was taken');
      const found = look(deps, request, reader);
      const elapsed = clock.monotonic() - started;
      const elapsedSeconds = Math.round(elapsed) / 1000;
      if (found !== null) return { ...found, pollCount, elapsedSeconds, timedOut: false };
      const left = wait === null ? 0 : wait.timeoutSeconds * 1000 - elapsed;
      if (wait === null || changes === null || left <= 0) {
        return { taken: null, consumed: null, items: [], pollCount, elapsedSeconds, timedOut: wait !== null };
      }
      await changes.next(Math.min(wait.intervalSeconds * 1000, left), signal);
    }
  } finally {
    changes?.close();
  }
}

type Found = Pick<InboxReading, 'taken' | 'consumed' | 'items'>;

function look(deps: InboxDependencies, request: InboxRequest, reader: string): Found | null {
  const { ledger, clock } = deps;
  const { mailbox, limit } = request;
  if (!request.consumeNext) {
    const items = listInbox(ledger, deps, mailbox, limit);
    return items.length === 0 ? null : { taken: null, consumed: null, items };
  }
  const taken = takeNext(ledger, deps, mailbox, reader);
  if (taken === null) return null;
  const others = listInbox(ledger, deps, mailbox, limit + 1).filter(({ id }) => id !== taken.notification.id);
  return { taken, consumed: asConsumed(taken.notification, clock.now()), items: others.slice(0, limit) };
}

function asConsumed(notification: Notification, now: number): Notification {
  const at = formatTimestamp(now);
  return {
    ...notification,
    state: 'delivered',
    delivery_mode: notification.state === 'pending' ? 'pull_required' : notification.delivery_mode,
    delivered_at: notification.delivered_at ?? at,
    consumed_at: at,
    consumed_by_session_id: notification.target_session_id,
  };
}

/**
 * Consumes what was taken, now that the reader has written it out, or puts it back when it could not (OD-9). A reader
 * that is killed in between does neither: its item is offered again after the reader's lease.
 */
export function settleReading(
  deps: InboxDependencies,
  reading: InboxReading,
  wasWritten: boolean,
  isWaiting: boolean,
): void {
  const { ledger, clock } = deps;
  const { taken } = reading;
  if (taken === null) return;
  if (!wasWritten) {
    putBack(ledger, deps, taken);
    return;
  }
  ledger.write(() => {
    if (!consume(ledger, taken, clock.now())) return;
    const { notification } = taken;
    const { id, task_id, correlation_id, signal_type, target_session_id, target_session_name } = notification;
    recordTelemetry(
      ledger,
      {
        type: 'dispatch_inbox_consumed',
        summary: `${target_session_name} consumed ${signal_type} #${id}.`,
        actor: 'dispatch',
        taskId: task_id,
        runId: loopRunOf(ledger, notification),
        correlation: { correlation_id, notification_id: id, signal_type, target_session_id },
        attributes: {
          consumed_by_session_id: target_session_id,
          delivery_mode: notification.delivery_mode,
          poll_count: reading.pollCount,
          source_session_name: notification.source_session_name,
          target_session_name,
          target_session_role: notification.target_session_role,
          wait_enabled: isWaiting,
        },
      },
      clock.now(),
    );
  });
}

/** The loop run that a message belongs to, when it is one of the task's. */
function loopRunOf(ledger: Connection, { payload, task_id }: Notification): string | null {
  const named = [
    objectOf(payload.ralph_loop).run_id,
    objectOf(payload.loop_policy).run_id,
    payload.ralph_loop_run_id,
  ].find((id) => typeof id === 'string');
  const run = typeof named === 'string' ? findRun(ledger, named) : null;
  return run?.task_id === task_id ? run.id : null;
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
