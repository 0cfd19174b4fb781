import type { DispatchDependencies } from '../dispatch/dependencies.ts';
import { connectAppServer } from '../codex/appServerClient.ts';
import { guardedPaneDelivery } from '../dispatch/guardedPaneDelivery.ts';
import type { PaneDelivery } from '../dispatch/paneDelivery.ts';
import { ladderDelivery } from '../dispatch/serverDelivery.ts';
import { tmuxPaneDelivery } from '../dispatch/tmuxPaneDelivery.ts';
import { newIdentifier } from '../domain/identifiers.ts';
import type { Session } from '../ledger/sessionStore.ts';
import { refusalForOthers, refusalForPerson } from '../ledger/confirmation.ts';
import { confirmThread } from './confirmations.ts';
import { firstRollouts } from './firstRollouts.ts';
import type { OperationContext } from './operationContext.ts';
import { socketOf } from './panes.ts';
import { isSandboxed } from './sandbox.ts';
import { codexHomeOf } from './userFolders.ts';
import { readUserPermissions } from './userPermissions.ts';

/**
 * What a dispatcher acts with when an operation is one.
 *
 * - `others`: it carries out what rows say, and anybody may have written them.
 * - `person`: it carries out what the caller asks for in this very call.
 */
export function dispatchDependenciesOf(
  context: OperationContext,
  onBehalfOf: 'others' | 'person',
): DispatchDependencies {
  const { ledger, clock, host, program, variables } = context;
  return {
    ledger,
    clock,
    host,
    program,
    panes: panesOf(context, onBehalfOf),
    permits: (permission) => readUserPermissions(variables).has(permission),
    isSandboxed: isSandboxed(context),
    rollouts: firstRollouts({
      ledger,
      clock,
      host,
      codexHome: codexHomeOf(variables),
      confirmThread: (sessionId, threadId) => confirmThread(context, sessionId, threadId),
    }),
  };
}

function panesOf(context: OperationContext, onBehalfOf: 'others' | 'person'): PaneDelivery {
  const { clock, host, processes } = context;
  const panes = tmuxPaneDelivery({ processes, host, clock, socketOf: (recorded) => socketOf(context, recorded) });
  const refusal = onBehalfOf === 'others' ? refusalForOthers : refusalForPerson;
  const ladder = ladderDelivery(panes, {
    connect: connectAppServer,
    codexHome: codexHomeOf(context.variables),
    clock,
    threadOf: ({ session }) => confirmedThread(context, session),
    messageId: () => newIdentifier('message'),
  });
  return guardedPaneDelivery(ladder, ({ session, panel }) => refusal(context, session, panel));
}

/** A row may name anybody's thread; what the server is told goes to the one that was confirmed. */
function confirmedThread(
  { confirmations }: OperationContext,
  { id, codex_session_id: threadId }: Session,
): string | null {
  const confirmed = confirmations.session(id)?.threadId ?? null;
  return confirmed === threadId ? confirmed : null;
}
