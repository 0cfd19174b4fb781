import { livingLeader } from './livingLeader.ts';
import type { OperationContext } from './operationContext.ts';
import { hasRecentHeartbeat } from '../ledger/heartbeatStore.ts';

export interface EnsuredDispatcher {
  readonly command: string[] | null;
  /** Null when one was running already. */
  readonly pid: number | null;
  readonly started: boolean;
}

/** A heartbeat older than this is a dispatcher that died. Milliseconds. */
const freshHeartbeat = 10_000;

/** The command line of a dispatcher for this very ledger, wherever it is run (CP-21); of `program`, or of this one. */
export function dispatchCommand(
  { runtime, ledgerFile }: OperationContext,
  dispatcherId: string,
  program: readonly string[] = [runtime.executable, runtime.cli],
): string[] {
  return [...program, 'dispatch', '--watch', '--dispatcher-id', dispatcherId, '--path', ledgerFile];
}

/**
 * Sees to it that somebody dispatches: a window that leads this ledger, or a dispatcher of this id that beats, else a
 * new one that outlives us.
 */
export async function ensureDispatcher(
  context: OperationContext,
  dispatcherId: string,
  program?: readonly string[],
): Promise<EnsuredDispatcher> {
  const command = dispatchCommand(context, dispatcherId, program);
  const leader = livingLeader(context);
  const beats = hasRecentHeartbeat(context.ledger, dispatcherId, context.clock.now() - freshHeartbeat);
  if (leader?.kind === 'window' || beats) return { command, pid: null, started: false };
  const [executable = '', ...argv] = command;
  const electron = context.runtime.isElectron ? { ELECTRON_RUN_AS_NODE: '1' } : {};
  const environment = { ...context.variables, ...electron, WORKERCTL_STATE_ROOT: context.stateRoot };
  const pid = await context.processes.startDetached(executable, argv, { cwd: context.cwd, environment });
  return { command, pid, started: true };
}
