import { quoteForShell } from '../domain/shellQuote.ts';
import type { JsonObject, JsonValue } from '../domain/json.ts';
import type { Completion } from '../ledger/notificationStore.ts';

/** What a worker said when its turn was over; keys of the notification's payload. */
export function workerReceipt({ payload, event_id, timestamp, worker_name }: Completion): JsonObject {
  const fact = (key: string): JsonValue => payload[key] ?? null;
  return {
    completed_at: fact('completed_at'),
    duration_ms: fact('duration_ms'),
    last_agent_message: fact('last_agent_message'),
    source_event_id: event_id,
    source_event_timestamp: timestamp,
    source_session: worker_name,
    time_to_first_token_ms: fact('time_to_first_token_ms'),
    turn_id: fact('turn_id'),
  };
}

export function completionMessage({ worker_name, task_name }: Completion, program: string): string {
  return `Worker "${worker_name}" has completed a turn on task "${task_name}". Run  ${program} cycle ${quoteForShell(task_name)}  and review the evidence and the acceptance criteria, then decide: finish the task, ask for fixes, or let the worker continue.`;
}
