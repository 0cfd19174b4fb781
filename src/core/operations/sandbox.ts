import { refuse } from '../domain/errors.ts';
import { leadershipLease, readLease } from '../ledger/leaseStore.ts';
import { livingLeader } from './livingLeader.ts';
import type { OperationContext } from './operationContext.ts';

type Whereabouts = Pick<OperationContext, 'surface' | 'variables' | 'host' | 'ledger' | 'clock'>;

/**
 * True inside an agent's sandbox: tmux is out of reach there, and processes that live look dead. Effects are queued for
 * the supervisor, and what it saw is believed instead of our own eyes.
 *
 * Codex says so in its variables; where they were taken away, the process namespace differs from the supervisor's.
 */
export function isSandboxed(context: Whereabouts): boolean {
  const { surface, variables, host } = context;
  // An editor is no command of a Codex; whoever led before it, in a container perhaps, says nothing about it.
  if (surface === 'panel') return false;
  if (isToolOfCodex(variables)) return true;
  const supervisor = readLease(context.ledger, leadershipLease);
  // A supervisor of an earlier boot, or of another machine, says nothing about this namespace.
  if (supervisor === null || supervisor.bootId !== host.bootId) return false;
  // One that is gone, of a container perhaps, says something only to the commands of a Codex.
  if (livingLeader(context) === null && variables.CODEX_THREAD_ID === undefined) return false;
  return (
    supervisor.pidNamespace !== null && host.pidNamespace !== null && supervisor.pidNamespace !== host.pidNamespace
  );
}

/**
 * Who leads looks at processes and types into terminals: from inside a sandbox everybody would be found dead, and nothing
 * could be typed. Throws `not_supported`.
 */
export function refuseToLeadFromSandbox(context: OperationContext): void {
  const leader = livingLeader(context);
  const isElsewhere = leader !== null && leader.pidNamespace !== context.host.pidNamespace;
  if (!isToolOfCodex(context.variables) && !isElsewhere) return;
  throw refuse(
    'not_supported',
    `"dispatch --watch" leads the ledger and can't do so from inside a sandbox; run it outside, or "dispatch --once" here`,
  );
}

/** Codex runs us inside its sandbox, by its own word. */
export function isToolOfCodex(variables: OperationContext['variables']): boolean {
  return Object.keys(variables).some((name) => name.startsWith('CODEX_SANDBOX'));
}
