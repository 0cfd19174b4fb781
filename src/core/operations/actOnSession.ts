import type { PassOptions } from '../dispatch/dependencies.ts';
import { LedgerChanges } from '../dispatch/ledgerChanges.ts';
import { recordAction } from '../dispatch/recordAction.ts';
import { dispatchAction, performAction, queueAction, type SessionAction } from '../dispatch/sessionAction.ts';
import { ConveyorError, refuse } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import { touchSequence } from '../ledger/commandQueueStore.ts';
import { findCommand } from '../ledger/commandStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import { dispatchDependenciesOf } from './dispatchDependencies.ts';
import { livingLeader } from './livingLeader.ts';
import type { OperationContext } from './operationContext.ts';
import { isSandboxed } from './sandbox.ts';

/** What came of an action. */
export interface Done {
  readonly acted: boolean;
  readonly facts: JsonObject;
}

export interface ActOptions {
  readonly isDryRun: boolean;
  /** Throws what speaks against it; that is put on record. */
  readonly check: () => unknown;
  /** An agent asks, not the person: it goes through the queue, where what it asks for is checked like any row. */
  readonly isForOthers?: boolean;
}

/**
 * Does something to a session's terminal and waits for what comes of it: here, or by the supervisor when this runs
 * inside a sandbox. Throws what stood in the way, after it was put on record.
 */
export async function actOnSession(
  context: OperationContext,
  action: SessionAction,
  { isDryRun, check, isForOthers = false }: ActOptions,
): Promise<Done> {
  checked(context, action, isDryRun, check);
  if (isDryRun) {
    context.ledger.write(() => recordAction(context, action, { dryRun: true, commandId: null, error: null }));
    return { acted: false, facts: {} };
  }
  if (isSandboxed(context)) return askLeader(context, action);
  if (isForOthers)
    return livingLeader(context) === null ? actAsDispatcher(context, action) : askLeader(context, action);
  return { acted: true, facts: await performAction(dispatchDependenciesOf(context, 'person'), action, inlineOptions) };
}

/** A person is at the other end, or a script that reads the exit status: long enough for the slowest proof. */
const inlineOptions: PassOptions = {
  dispatcherId: 'session-action',
  limit: 1,
  leaseSeconds: 60,
  type: null,
  dryRun: false,
};

/** Nobody leads, so this process does what a leader would do with that row, and grants what the user file grants. */
async function actAsDispatcher(context: OperationContext, action: SessionAction): Promise<Done> {
  const deps = dispatchDependenciesOf(context, 'others');
  const { id } = context.ledger.write(() => queueAction(deps, action));
  await dispatchAction(deps, id, inlineOptions);
  return settled(context, id) ?? stillQueued(context, id);
}

/** What is wrong before anything is queued is on record like what goes wrong later. */
function checked(context: OperationContext, action: SessionAction, isDryRun: boolean, check: () => unknown): void {
  try {
    requireTerminal(action.session);
    check();
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    const failure = { code: error.code, sentence: error.message };
    context.ledger.write(() => recordAction(context, action, { dryRun: isDryRun, commandId: null, error: failure }));
    throw error;
  }
}

function requireTerminal({ name, tmux_session: tmux, role, state }: Session): void {
  if (tmux === null) {
    const verb = role === 'worker' ? 'enqueue-nudge-worker' : 'enqueue-notify-manager';
    throw refuse(
      'no_tmux_session',
      `session has no tmux_session: '${name}' can only be reached by its inbox ("${verb}")`,
    );
  }
  if (state === 'active') return;
  throw refuse(
    'session_state',
    `session '${name}' (tmux session ${tmux}) is in state '${state}'; register it again with "register-${role} --name ${name}"`,
  );
}

/** The leader acts within a second or so; whoever asked should know, but not wait for a person to stop typing. */
const leaderPatience = 15_000;

/** From inside a sandbox: queues the action and waits for what the leader makes of it. */
async function askLeader(context: OperationContext, action: SessionAction): Promise<Done> {
  const { ledger, clock, signal } = context;
  if (livingLeader(context) === null) throw noLeader(context);
  const changes = new LedgerChanges(ledger, clock);
  try {
    const { id } = ledger.write(() => {
      const queued = queueAction(dispatchDependenciesOf(context, 'person'), action);
      touchSequence(ledger);
      return queued;
    });
    const deadline = clock.monotonic() + leaderPatience;
    for (;;) {
      const done = settled(context, id);
      if (done !== null) return done;
      const left = deadline - clock.monotonic();
      if (left <= 0 || signal.aborted) return stillQueued(context, id);
      await changes.next(Math.min(1000, left), signal);
    }
  } finally {
    changes.close();
  }
}

/** Null while it is not decided. Throws when it came to nothing. */
function settled({ ledger }: OperationContext, id: string): Done | null {
  const command = findCommand(ledger, id);
  if (command?.state === 'succeeded') {
    return { acted: true, facts: { command_id: id, executed_by: command.claimed_by } };
  }
  if (command?.state !== 'failed' && command?.state !== 'blocked') return null;
  const { error_type: type } = command.result ?? {};
  const code = type === 'permission_denied' ? type : 'delivery_failed';
  throw refuse(code, command.error ?? `command ${id} failed`, { facts: { command_id: id } });
}

function stillQueued({ ledger }: OperationContext, id: string): Done {
  const waitingFor = findCommand(ledger, id)?.error ?? 'the supervisor';
  return { acted: false, facts: { command_id: id, state: 'queued', waiting_for: waitingFor } };
}

function noLeader({ program }: OperationContext): ConveyorError {
  return refuse(
    'supervisor_missing',
    `this runs inside a sandbox, where tmux can't be reached, and no supervisor leads this ledger; outside the sandbox, open its folder in VS Code or run "${program} dispatch --watch"`,
  );
}
