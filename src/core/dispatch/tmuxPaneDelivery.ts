import { parseCodexVersion } from '../codex/codexVersion.ts';
import { answerDialog } from '../delivery/answerDialog.ts';
import { deliverToPane, type DeliveryPorts } from '../delivery/deliverToPane.ts';
import { interruptPane } from '../delivery/interruptPane.ts';
import { checkPane } from '../delivery/preflight.ts';
import { ConveyorError, refuse } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import type { ProcessRunner } from '../ports/processRunner.ts';
import { realPaneInput } from '../tmux/paneInput.ts';
import { type PaneAddress, realTmux } from '../tmux/tmux.ts';
import type { PaneDelivery, PaneTarget } from './paneDelivery.ts';

export interface TmuxPaneOptions {
  readonly processes: ProcessRunner;
  readonly host: HostFacts;
  readonly clock: Clock;
  /** The server to use for the socket that was recorded for a session (null: none was); undefined for the usual one. */
  readonly socketOf: (recorded: string | null) => string | undefined;
}

/** Delivery into the panes of real tmux servers, each session on the server that was recorded for it. */
export function tmuxPaneDelivery({ processes, host, clock, socketOf }: TmuxPaneOptions): PaneDelivery {
  const portsOf = ({ panel }: PaneTarget): DeliveryPorts => {
    const where = socketOf(panel?.tmux_socket ?? null);
    return { tmux: realTmux(processes, where), input: realPaneInput(processes, where), host, clock };
  };
  return {
    locate: async (target) => {
      const { socketPath, paneId } = await portsOf(target).tmux.findPane(addressOf(target));
      return { socketPath, paneId };
    },
    deliver: (target, send) => deliverToPane(portsOf(target), { address: addressOf(target), ...send }),
    interrupt: (target, interrupt) =>
      interruptPane(portsOf(target), {
        address: addressOf(target),
        version: parseCodexVersion(target.panel?.codex_version ?? ''),
        ...interrupt,
      }),
    answer: (target, answer) => answerDialog(portsOf(target), { address: addressOf(target), ...answer }),
    inspect: async (target, text) => {
      try {
        const { tmux } = portsOf(target);
        const { paneId } = await tmux.findPane(addressOf(target));
        const verdict = checkPane(await tmux.snapshot(paneId), host, { text, whenBusy: 'defer' });
        if (verdict.kind === 'clear') return verdict.holdsText ? 'holds_text' : 'waits_for_input';
        return verdict.reason === 'codex_not_running' || verdict.reason === 'pane_dead' ? 'waits_for_input' : 'unclear';
      } catch (error) {
        if (ConveyorError.is(error, 'tmux_not_running')) return 'waits_for_input';
        if (ConveyorError.is(error, 'tmux_denied', 'tmux_failed', 'tmux_missing')) return 'unclear';
        throw error;
      }
    },
  };
}

function addressOf({ session, panel }: PaneTarget): PaneAddress {
  if (session.tmux_session === null) {
    throw refuse('no_tmux_session', `session has no tmux_session: '${session.name}' can only be reached by its inbox`);
  }
  return { session: session.tmux_session, paneId: panel?.pane_id ?? session.tmux_pane_id };
}
