import { leadershipLease, readLease } from '../ledger/leaseStore.ts';
import type { OperationContext } from './operationContext.ts';

/**
 * True inside an agent's sandbox: tmux is out of reach there, and processes that live look dead. Effects are queued for
 * the supervisor, and what it saw is believed instead of our own eyes.
 *
 * Codex says so in its variables; where they were taken away, the process namespace differs from the supervisor's.
 */
export function isSandboxed({
  variables,
  host,
  ledger,
}: Pick<OperationContext, 'variables' | 'host' | 'ledger'>): boolean {
  if (Object.keys(variables).some((name) => name.startsWith('CODEX_SANDBOX'))) return true;
  const supervisor = readLease(ledger, leadershipLease);
  // A supervisor of an earlier boot, or of another machine, says nothing about this namespace.
  if (supervisor === null || supervisor.bootId !== host.bootId) return false;
  return (
    supervisor.pidNamespace !== null && host.pidNamespace !== null && supervisor.pidNamespace !== host.pidNamespace
  );
}
