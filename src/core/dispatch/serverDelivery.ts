import type { AppServer, ConnectAppServer, ServerThread } from '../codex/appServer.ts';
import type { DeliveryResult, DeliveryStages } from '../delivery/deliveryResult.ts';
import { ConveyorError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { PaneDelivery, PaneSend, PaneTarget } from './paneDelivery.ts';

export interface ServerRung {
  readonly connect: ConnectAppServer;
  /** The home whose server is asked; from the caller's environment. */
  readonly codexHome: string;
  readonly clock: Clock;
  /** The thread that the session certainly has; null when only a row says so. */
  readonly threadOf: (target: PaneTarget) => string | null;
  /** Names the message for the server: it keeps the id in the rollout. */
  readonly messageId: () => string;
}

/**
 * The ladder: a message goes through Codex's app-server where that runs the session's thread (no key is pressed, nobody's
 * draft is in the way), else through the pane. What the server has accepted is never typed as well.
 */
export function ladderDelivery(panes: PaneDelivery, rung: ServerRung): PaneDelivery {
  return {
    locate: (target) => panes.locate(target),
    deliver: async (target, send) => (await deliverToServer(rung, target, send)) ?? panes.deliver(target, send),
    interrupt: (target, interrupt) => panes.interrupt(target, interrupt),
    answer: (target, answer) => panes.answer(target, answer),
    inspect: (target, text) => panes.inspect(target, text),
  };
}

/** Null: the server does not run this thread, so the next rung may be tried. */
async function deliverToServer(rung: ServerRung, target: PaneTarget, send: PaneSend): Promise<DeliveryResult | null> {
  const threadId = rung.threadOf(target);
  // A slash command is the TUI's: to the server it is a message like any other.
  if (threadId === null || send.text.isCommand) return null;
  const server = await connectOrNull(rung);
  if (server === null) return null;
  try {
    const thread = await readOrNull(server, threadId);
    if (thread === null) return null;
    return await new ServerAttempt(rung, server, send).run(target, thread);
  } finally {
    server.close();
  }
}

async function connectOrNull({ connect, codexHome }: ServerRung): Promise<AppServer | null> {
  return orNull(() => connect(codexHome));
}

/** Only a thread that takes input from outside, and is the session's own. */
async function readOrNull(server: AppServer, threadId: string): Promise<ServerThread | null> {
  const thread = await orNull(() => server.readThread(threadId));
  if (thread === null || thread.isSubagent || !thread.takesInput) return null;
  return thread.status.kind === 'not_loaded' ? null : thread;
}

async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (ConveyorError.is(error, 'app_server_missing', 'app_server_failed')) return null;
    throw error;
  }
}

const proofMilliseconds = 8000;
/** While a command runs, Codex shows the message to the model only when that has ended. */
const busyProofMilliseconds = 2500;
const pollMilliseconds = 20;

class ServerAttempt {
  readonly #rung: ServerRung;
  readonly #server: AppServer;
  readonly #send: PaneSend;

  constructor(rung: ServerRung, server: AppServer, send: PaneSend) {
    this.#rung = rung;
    this.#server = server;
    this.#send = send;
  }

  async run(target: PaneTarget, { threadId, status }: ServerThread): Promise<DeliveryResult | null> {
    if (status.kind === 'active' && status.waitsFor !== null) return deferred('dialog_open');
    if (status.kind === 'active' && this.#send.whenBusy === 'defer') return deferred('busy');
    if (!(await this.#send.beforeFirstKey('app_server'))) return deferred('fence_lost');
    if (!(await this.#send.mayPressEnter())) return this.#undelivered('fence_lost', null);
    const order = { threadId, text: this.#send.text.recorded, messageId: this.#rung.messageId() };
    try {
      await this.#server.startTurn(order);
    } catch (error) {
      // It said no, in so many words: nothing was taken, and the pane is still there.
      if (ConveyorError.is(error, 'app_server_refused')) return null;
      if (!ConveyorError.is(error, 'app_server_failed')) throw error;
      return this.#afterSilence();
    }
    const submittedAt = this.#rung.clock.now();
    const seenAt = await this.#seen(status.kind === 'active' ? busyProofMilliseconds : proofMilliseconds);
    const stages = { typedAt: submittedAt, submittedAt, seenAt };
    // What the server took while a turn ran waits for its next step, as in the composer.
    if (seenAt === null && status.kind !== 'active' && this.#send.proof !== null) {
      return this.#undelivered('turn_not_seen', submittedAt);
    }
    return { outcome: 'delivered', paneId: target.panel?.pane_id ?? target.session.tmux_pane_id ?? '', stages };
  }

  /** No answer came: whether it was taken, only the rollout knows. Nothing else is tried. */
  async #afterSilence(): Promise<DeliveryResult> {
    const seenAt = await this.#seen(busyProofMilliseconds);
    if (seenAt === null) return this.#undelivered('server_gone', null);
    return { outcome: 'delivered', paneId: '', stages: { typedAt: seenAt, submittedAt: seenAt, seenAt } };
  }

  async #seen(milliseconds: number): Promise<number | null> {
    const { clock } = this.#rung;
    const { proof } = this.#send;
    if (proof === null) return null;
    for (const deadline = clock.monotonic() + milliseconds; ;) {
      if (proof()) return clock.now();
      if (clock.monotonic() >= deadline) return null;
      await clock.sleep(pollMilliseconds);
    }
  }

  #undelivered(reason: 'fence_lost' | 'turn_not_seen' | 'server_gone', submittedAt: number | null): DeliveryResult {
    const stages: DeliveryStages = { typedAt: submittedAt, submittedAt, seenAt: null };
    return { outcome: 'undelivered', reason, stages, screen: [] };
  }
}

function deferred(reason: 'dialog_open' | 'busy' | 'fence_lost'): DeliveryResult {
  return { outcome: 'deferred', reason, screen: [] };
}
