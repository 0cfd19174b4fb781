import type { DeliveryPorts } from '../delivery/deliverToPane.ts';
import { realPaneInput } from '../tmux/paneInput.ts';
import { realTmux, type Tmux } from '../tmux/tmux.ts';
import type { OperationContext } from './operationContext.ts';

/** The tmux server of this caller: the user's own unless `$CONVEYOR_TMUX_SOCKET` names another. */
export function tmuxOf({ processes, variables }: OperationContext): Tmux {
  return realTmux(processes, variables.CONVEYOR_TMUX_SOCKET);
}

/** Everything that typing into a pane needs; of the server whose socket was recorded, or else the caller's. */
export function deliveryPortsOf(context: OperationContext, recorded: string | null = null): DeliveryPorts {
  const { processes, host, clock, variables } = context;
  const socket = recorded ?? variables.CONVEYOR_TMUX_SOCKET;
  return { tmux: realTmux(processes, socket), input: realPaneInput(processes, socket), host, clock };
}
