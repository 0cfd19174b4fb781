import { findBinding, findNewestBinding } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findHandoff } from '../ledger/handoffStore.ts';
import { findNewestStatus } from '../ledger/legacyWorkerStore.ts';
import { findManagerConfig } from '../ledger/managerConfigStore.ts';
import { findLegacySide } from '../ledger/reconcileStore.ts';
import { findSessionById } from '../ledger/sessionStore.ts';
import { findBudget, type Task } from '../ledger/taskStore.ts';
import type { JsonObject } from '../domain/json.ts';
import { shownRecord, shownTask } from './hideColumns.ts';
import { measure, redactWords } from './redact.ts';

/** How a task stands, in one page. `worker` and `manager` are of the older tables; sessions stand beside them (AT-10). */
export function exportStatus(ledger: Connection, task: Task, includeContent: boolean): JsonObject {
  const binding = findBinding(ledger, task.id) ?? findNewestBinding(ledger, task.id);
  const worker = findLegacySide(ledger, task.id, 'worker');
  const hide = (object: JsonObject): JsonObject => shownRecord(object, includeContent);
  const config = findManagerConfig(ledger, task.id);
  const budget = findBudget(ledger, task.id);
  const said = worker === null ? null : findNewestStatus(ledger, worker.name);
  const issues = integrityIssues(task, findBinding(ledger, task.id) !== null);
  return {
    ...shownTask(task, includeContent),
    binding:
      binding === null
        ? null
        : { id: binding.id, state: binding.state, created_at: binding.created_at, ended_at: binding.ended_at },
    budget: budget === null ? null : { ...budget, nudges_remaining: budget.max_nudges - budget.nudges_used },
    integrity: { ok: issues.length === 0, issues },
    manager: asObject(findLegacySide(ledger, task.id, 'manager')),
    manager_session: sessionOf(ledger, binding?.manager_session_id),
    manager_config: config === null ? null : hide({ ...config }),
    worker: asObject(worker),
    worker_session: sessionOf(ledger, binding?.worker_session_id),
    worker_handoff: handoffOf(ledger, task, includeContent),
    worker_status: said === null ? null : hide({ ...said }),
  };
}

function asObject(side: ReturnType<typeof findLegacySide>): JsonObject | null {
  return side === null ? null : { ...side };
}

function integrityIssues({ state }: Task, isBound: boolean): string[] {
  return state === 'managed' && !isBound ? ['managed_without_active_binding'] : [];
}

/** Without its identity token: that is a secret between the session and the ledger. */
function sessionOf(ledger: Connection, id: string | null | undefined): JsonObject | null {
  const session = id == null ? null : findSessionById(ledger, id);
  if (session === null) return null;
  const { name, role, state, pid, cwd, codex_session_id, tmux_session, tmux_pane_id, registered_at } = session;
  return { id: session.id, name, role, state, pid, cwd, codex_session_id, tmux_session, tmux_pane_id, registered_at };
}

function handoffOf(ledger: Connection, task: Task, includeContent: boolean): JsonObject | null {
  const handoff = findHandoff(ledger, task.id);
  if (handoff === null) return null;
  if (includeContent) return { ...handoff };
  const { summary, payload, ...facts } = handoff;
  const { bytes, lines } = measure(summary);
  return {
    ...facts,
    payload: redactWords(payload),
    summary_redacted: true,
    summary_byte_count: bytes,
    summary_line_count: lines,
  };
}
