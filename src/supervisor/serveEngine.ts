import type { MessagePort } from 'node:worker_threads';

import { createBirpc } from 'birpc';

import { maskSecrets } from '../core/domain/maskSecrets.ts';
import type { EngineEvents, EngineRpc, TimelineRequest } from '../protocol/engine.ts';
import { type OperationResult, type PanelOperation, panelOperations } from '../protocol/operations.ts';

/** Builds the engine behind the port. It may speak through `events` from the first moment on. */
export type CreateEngine = (events: EngineEvents) => Promise<EngineRpc>;

/**
 * Answers the extension over a port until `dispose` was answered; then calls `leave`. Inputs are checked here, so that
 * an engine sees only what the contract allows. Calls that come while the engine is still being built wait for it.
 */
export function serveEngine(port: MessagePort, createEngine: CreateEngine, leave: () => void): void {
  const toHost = createBirpc<EngineEvents, EngineRpc>(answers(), {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a MessagePort has no origin
    post: (message) => port.postMessage(message),
    on: (listener) => port.on('message', listener),
    timeout: -1,
    eventNames: ['snapshotChanged', 'attention', 'log'],
  });
  const engine = createEngine({
    snapshotChanged: (snapshot) => void toHost.snapshotChanged.asEvent(snapshot),
    attention: (item) => void toHost.attention.asEvent(item),
    // A log is what somebody attaches to a report.
    log: (level, line) => void toHost.log.asEvent(level, maskSecrets(line)),
    watchTerminal: (order) => toHost.watchTerminal(order),
  });
  // A failure to build reaches the host as the end of the thread, with its message.
  engine.catch((error: unknown) => {
    setImmediate(() => {
      throw error;
    });
  });

  function answers(): EngineRpc {
    return {
      snapshot: async () => (await engine).snapshot(),
      runOperation: async (name, input) => checked(name, input) ?? (await engine).runOperation(name, input),
      timelinePage: async (request: TimelineRequest) => (await engine).timelinePage(request),
      finishBlockers: async (task) => (await engine).finishBlockers(task),
      sessionCandidates: async () => (await engine).sessionCandidates(),
      watchTarget: async (sessionId) => (await engine).watchTarget(String(sessionId)),
      dispose: async () => {
        await (await engine).dispose();
        setImmediate(leave);
      },
    };
  }
}

/** Null when the input is what the operation takes. */
function checked(name: PanelOperation, input: unknown): OperationResult | null {
  const schema = Object.hasOwn(panelOperations, name) ? panelOperations[name] : null;
  if (schema === null) {
    return { ok: false, error: { code: 'not_supported', message: `There is no operation ${name}.`, remedy: null } };
  }
  const parsed = schema.safeParse(input);
  if (parsed.success) return null;
  const [issue] = parsed.error.issues;
  const message = `${name} can't take ${issue?.path.join('.') || 'this input'}: ${issue?.message ?? 'not as expected'}.`;
  return { ok: false, error: { code: 'invalid_value', message, remedy: null } };
}
