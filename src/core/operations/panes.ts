import type { DeliveryPorts } from '../delivery/deliverToPane.ts';
import { realPaneInput } from '../tmux/paneInput.ts';
import { realTmux, type Tmux } from '../tmux/tmux.ts';
import type { OperationContext } from './operationContext.ts';

/** The tmux server of this caller: the user's own unless `$CONVEYOR_TMUX_SOCKET` names another. */
export function tmuxOf({ processes, variables }: OperationContext): Tmux {
  return realTmux(processes, variables.CONVEYOR_TMUX_SOCKET);
}

/**
 * The socket of the server that a session runs on. A row only chooses among servers that are known anyway: what listens
 * at a socket may have the client run a command, and anybody can write a row.
 */
export function socketOf(
  { confirmations, variables }: Pick<OperationContext, 'confirmations' | 'variables'>,
  recorded: string | null,
): string | undefined {
  const isKnown = recorded !== null && confirmations.sockets().has(recorded);
  return isKnown ? recorded : variables.CONVEYOR_TMUX_SOCKET;
}

/** The tmux server with the recorded socket, or else the caller's. */
export function tmuxAtOf(context: OperationContext): (recorded: string | null) => Tmux {
  return (recorded) => realTmux(context.processes, socketOf(context, recorded));
}

/** Everything that typing into a pane needs; of the server whose socket was recorded, or else the caller's. */
export function deliveryPortsOf(context: OperationContext, recorded: string | null = null): DeliveryPorts {
  const { processes, host, clock } = context;
  const socket = socketOf(context, recorded);
  return { tmux: realTmux(processes, socket), input: realPaneInput(processes, socket), host, clock };
}
