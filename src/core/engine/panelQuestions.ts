import { findCodexProcess } from '../codex/codexProcess.ts';
import type { Connection } from '../ledger/connection.ts';
import { listSessions } from '../ledger/sessionStore.ts';
import { findTask } from '../ledger/taskStore.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import { auditFinish } from '../supervise/finishGates.ts';
import type { Tmux } from '../tmux/tmux.ts';
import type { PanelState } from './panelState.ts';

// What the panel asks before it acts.

export interface FinishObstacle {
  readonly kind: 'open_criteria' | 'acknowledgements' | 'epilogue' | 'worker_busy' | 'undelivered' | 'task_state';
  readonly message: string;
  /** True: finishing will be refused. False: it goes through, the person should know. */
  readonly refuses: boolean;
}

/** What stands against finishing a task now, in the order in which it matters. */
export function finishObstacles(ledger: Connection, reference: string, state: PanelState): readonly FinishObstacle[] {
  const task = findTask(ledger, reference);
  if (task === null) return [{ kind: 'task_state', message: `There is no task ${reference}.`, refuses: true }];
  if (task.state === 'done' || task.state === 'failed') {
    return [{ kind: 'task_state', message: `The task is already ${task.state}.`, refuses: true }];
  }
  const demands = { criteriaAudit: true, acks: true, epilogue: true, adversarialProof: false };
  const audits = auditFinish(ledger, task, demands);
  const shown = state.tasks.find(({ row }) => row.id === task.id);
  const worker = state.sessions.find(({ row }) => row.name === shown?.row.worker);
  const open = audits.final_audit.open_criteria;
  const lost = shown?.deliveries.filter((delivery) => delivery.state === 'undelivered') ?? [];
  const obstacles: (FinishObstacle | null)[] = [
    open.length === 0
      ? null
      : {
          kind: 'open_criteria',
          message: `Open: ${open.map(({ criterion }) => criterion).join('; ')}`,
          refuses: false,
        },
    worker?.state === 'busy'
      ? { kind: 'worker_busy', message: `${worker.row.name} is still at work.`, refuses: false }
      : null,
    lost.length === 0
      ? null
      : { kind: 'undelivered', message: `${lost.length} message(s) did not arrive.`, refuses: false },
    audits.final_epilogue_audit.ok
      ? null
      : {
          kind: 'epilogue',
          message: `Not run: ${audits.final_epilogue_audit.missing_or_incomplete.join(', ')}`,
          refuses: false,
        },
  ];
  return obstacles.filter((obstacle) => obstacle !== null);
}

export interface UnregisteredCodex {
  readonly tmuxSession: string;
  readonly paneId: string;
  readonly socketPath: string;
  readonly pid: number;
  readonly cwd: string;
  readonly title: string;
}

/** Codex sessions that run in tmux and that nobody has registered. */
export async function unregisteredCodexes(
  ledger: Connection | null,
  tmux: Tmux,
  host: HostFacts,
): Promise<readonly UnregisteredCodex[]> {
  const known = new Set(
    ledger === null
      ? []
      : listSessions(ledger).flatMap(({ state, pid }) => (state === 'active' && pid !== null ? [pid] : [])),
  );
  const panes = await tmux.listPanes();
  return panes.flatMap((pane) => {
    const codex = findCodexProcess(host, pane);
    if (codex.kind !== 'codex' || known.has(codex.pid)) return [];
    const { sessionName, paneId, socketPath, title } = pane;
    return [
      { tmuxSession: sessionName, paneId, socketPath, pid: codex.pid, cwd: host.workingFolder(codex.pid) ?? '', title },
    ];
  });
}
