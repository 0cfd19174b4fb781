import type { DispatchDependencies } from '../dispatch/dependencies.ts';
import { guardedPaneDelivery } from '../dispatch/guardedPaneDelivery.ts';
import type { PaneDelivery } from '../dispatch/paneDelivery.ts';
import { tmuxPaneDelivery } from '../dispatch/tmuxPaneDelivery.ts';
import { refusalForOthers, refusalForPerson } from '../ledger/confirmation.ts';
import type { OperationContext } from './operationContext.ts';
import { socketOf } from './panes.ts';
import { isSandboxed } from './sandbox.ts';
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
  };
}

function panesOf(context: OperationContext, onBehalfOf: 'others' | 'person'): PaneDelivery {
  const { clock, host, processes } = context;
  const panes = tmuxPaneDelivery({ processes, host, clock, socketOf: (recorded) => socketOf(context, recorded) });
  const refusal = onBehalfOf === 'others' ? refusalForOthers : refusalForPerson;
  return guardedPaneDelivery(panes, ({ session, panel }) => refusal(context, session, panel));
}
