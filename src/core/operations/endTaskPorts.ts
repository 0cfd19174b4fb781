import { performAction } from '../dispatch/sessionAction.ts';
import { ConveyorError } from '../domain/errors.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import type { EndPorts, MessageResult } from '../supervise/endRequest.ts';
import type { FoundSession } from '../supervise/sessionIdentity.ts';
import type { StopPorts } from '../supervise/stopSessions.ts';
import { killSessionLater } from '../tmux/killLater.ts';
import { contradictionsOf } from './confirmations.ts';
import { dispatchDependenciesOf } from './dispatchDependencies.ts';
import type { OperationContext } from './operationContext.ts';
import { socketOf, tmuxAtOf } from './panes.ts';
import { isSandboxed } from './sandbox.ts';

/** What closing terminals needs, as this caller has it. */
function stopPortsOf(context: OperationContext): StopPorts {
  const { ledger, clock, host } = context;
  return {
    ledger,
    clock,
    host,
    tmuxOn: tmuxAtOf(context),
    isContradicted: contradictionsOf(context),
  };
}

export function endPortsOf(context: OperationContext): EndPorts {
  return {
    ...stopPortsOf(context),
    isSandboxed: isSandboxed(context),
    isOwnSession: (found) => isOwnSession(context, found),
    killAfterwards: (found) => killAfterwards(context, found),
    tell: (session, text) => tell(context, session, text),
  };
}

/** This process runs in the terminal of that session: by what tmux told it, or by the tree of processes. */
export function isOwnSession({ host, variables }: OperationContext, { pane }: FoundSession): boolean {
  if (pane === null) return false;
  const socket = variables.TMUX?.split(',')[0];
  if (variables.TMUX_PANE === pane.paneId && socket === pane.socketPath) return true;
  return isBelow(host, pane.pid, process.pid);
}

/** The answer is printed first; then the terminal goes, and everything in it. */
function killAfterwards(context: OperationContext, { session, panel }: FoundSession): void {
  const name = session.tmux_session;
  if (name === null) return;
  const socket = socketOf(context, panel?.tmux_socket ?? null);
  context.onOutputSettled(() => {
    void killSessionLater(context.processes, socket, name);
  });
}

function isBelow(host: HostFacts, root: number, pid: number): boolean {
  const seen = [root];
  for (const one of seen) {
    if (one === pid) return true;
    seen.push(...host.children(one).filter((child) => !seen.includes(child)));
  }
  return false;
}

async function tell(context: OperationContext, session: FoundSession['session'], text: string): Promise<MessageResult> {
  const options = { dispatcherId: 'finish-task', limit: 1, leaseSeconds: 60, type: null, dryRun: false };
  try {
    await performAction(dispatchDependenciesOf(context, 'person'), { type: 'session_nudge', session, text }, options);
    return { delivered: true, reason: null };
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    return { delivered: false, reason: error.message };
  }
}
