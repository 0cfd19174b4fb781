import { ageSeconds } from '../domain/timestamps.ts';
import { listLiveBindings, withSessions } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { listSessions, type Session } from '../ledger/sessionStore.ts';
import { listTasks } from '../ledger/taskStore.ts';
import { listLastCycles } from '../ledger/telemetryQueryHealthStore.ts';
import type { ViewContext } from './telemetryView.ts';

/** Where the ledger and the world have come apart. */
export interface Drift {
  readonly dead_pid_sessions: readonly DeadSession[];
  readonly dangling_bindings: readonly DanglingBinding[];
  readonly stuck_tasks: readonly StuckTask[];
}

interface DeadSession {
  readonly name: string;
  readonly role: string;
  readonly pid: number | null;
  readonly last_heartbeat_at: string | null;
}

interface DanglingBinding {
  readonly binding_id: string;
  readonly task_id: string;
  readonly task_name: string;
  readonly gone_role: 'worker' | 'manager';
  readonly gone_session_name: string;
}

interface StuckTask {
  readonly task_id: string;
  readonly task_name: string;
  readonly binding_id: string;
  readonly last_cycle_at: string;
  readonly age_seconds: number;
}

const hour = 3600;

export function readDrift({ ledger, now, isAlive }: ViewContext, stuckSeconds: number = hour): Drift {
  return {
    dead_pid_sessions: listSessions(ledger)
      .filter((session) => session.state === 'active' && session.pid !== null && isAlive(session) === false)
      .map(({ name, role, pid, last_heartbeat_at }) => ({ name, role, pid, last_heartbeat_at })),
    dangling_bindings: danglingBindings(ledger),
    stuck_tasks: listLastCycles(ledger).flatMap(({ task_id, task_name, binding_id, last_cycle_at }) => {
      const age_seconds = ageSeconds(last_cycle_at, now) ?? 0;
      return age_seconds > stuckSeconds ? [{ task_id, task_name, binding_id, last_cycle_at, age_seconds }] : [];
    }),
  };
}

function danglingBindings(ledger: Connection): DanglingBinding[] {
  const names = new Map(listTasks(ledger, { onlyOpen: false }).map(({ id, name }) => [id, name]));
  return listLiveBindings(ledger).flatMap((binding) => {
    const bound = withSessions(ledger, binding);
    if (bound === null) return [];
    const gone = (
      [
        ['worker', bound.worker],
        ['manager', bound.manager],
      ] as const
    ).filter((side): side is readonly ['worker' | 'manager', Session] => side[1].state === 'gone');
    return gone.map(([role, session]) => ({
      binding_id: binding.id,
      task_id: binding.task_id,
      task_name: names.get(binding.task_id) ?? binding.task_id,
      gone_role: role,
      gone_session_name: session.name,
    }));
  });
}
