import type { DispatchDependencies } from '../dispatch/dependencies.ts';
import { tmuxPaneDelivery } from '../dispatch/tmuxPaneDelivery.ts';
import type { OperationContext } from './operationContext.ts';
import { isSandboxed } from './sandbox.ts';
import { readUserPermissions } from './userPermissions.ts';

/** What a dispatcher acts with when an operation is one. */
export function dispatchDependenciesOf(context: OperationContext): DispatchDependencies {
  const { ledger, clock, host, processes, program, variables } = context;
  return {
    ledger,
    clock,
    host,
    program,
    panes: tmuxPaneDelivery({ processes, host, clock, socket: variables.CONVEYOR_TMUX_SOCKET }),
    permits: (permission) => readUserPermissions(variables).has(permission),
    isSandboxed: isSandboxed(context),
  };
}
