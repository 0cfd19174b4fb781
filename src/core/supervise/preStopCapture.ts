import { classifyBusyWait, classifyStartup } from '../codex/classifyPane.ts';
import { type ConveyorError, refuse } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import { type CaptureMode, paneLines } from '../domain/transcriptSegment.ts';
import type { Connection } from '../ledger/connection.ts';
import { findLatestCapture, recordTerminalCapture, type RecordedCapture } from '../ledger/terminalCaptureStore.ts';
import type { FoundSession, IdentityPorts } from './sessionIdentity.ts';

export interface CaptureRequest {
  readonly isWanted: boolean;
  readonly mode: CaptureMode;
  readonly lines: number;
  readonly requireSegment: boolean;
}

/** What a terminal showed right before it is closed. */
export interface CapturedPane {
  readonly found: FoundSession;
  readonly paneId: string;
  readonly content: string;
}

/** Reads the terminals that are about to be closed. Changes nothing. */
export async function capturePanes(
  ports: IdentityPorts,
  stopping: readonly FoundSession[],
  request: CaptureRequest,
): Promise<readonly CapturedPane[]> {
  if (!request.isWanted) return [];
  const captured: CapturedPane[] = [];
  for (const found of stopping) {
    if (found.pane === null) continue;
    const { paneId } = found.pane;
    const tmux = ports.tmuxOn(found.panel?.tmux_socket ?? null);
    captured.push({ found, paneId, content: await tmux.capture(paneId, { historyLines: request.lines }) });
  }
  return captured;
}

/**
 * The refusal when a segment is required and a terminal that is to be closed shows nothing. What was captured a moment
 * ago and has not changed since counts: it is in the ledger (CP-45).
 */
export function captureRefusal(
  ledger: Connection,
  taskId: string,
  stopping: readonly FoundSession[],
  captured: readonly CapturedPane[],
  request: CaptureRequest,
): ConveyorError | null {
  if (!request.isWanted || !request.requireSegment) return null;
  const missing = stopping.filter((found) => {
    const now = captured.find((one) => one.found === found);
    if (now !== undefined) return paneLines(now.content).length === 0;
    const earlier = findLatestCapture(ledger, taskId, found.session.role)?.content ?? '';
    return paneLines(earlier).length === 0;
  });
  if (missing.length === 0) return null;
  const roles = missing.map(({ session }) => session.role).join(', ');
  return refuse('gate_failed', `no non-empty transcript segment captured for role(s): ${roles}; nothing was stopped`);
}

/** Keeps what was read. Call inside a write transaction. */
export function recordCaptures(
  ledger: Connection,
  captured: readonly CapturedPane[],
  {
    taskId,
    commandId,
    request,
  }: { readonly taskId: string; readonly commandId: string; readonly request: CaptureRequest },
  now: number,
): readonly RecordedCapture[] {
  return captured.map(({ found, paneId, content }) =>
    recordTerminalCapture(
      ledger,
      {
        taskId,
        role: found.session.role,
        tmuxSession: found.session.tmux_session ?? '',
        paneId,
        commandId,
        historyLines: request.lines,
        content,
        classifier: classifierOf(content),
        source: 'finish_task_pre_stop',
        mode: request.mode,
      },
      now,
    ),
  );
}

/** What a screen says of a start and of a wait, as it is kept with a capture. */
export function classifierOf(content: string): JsonObject {
  const { startup, startup_reason: reason } = classifyStartup(content);
  const wait = classifyBusyWait({ text: content, statusAgeSeconds: null, busyWaitSeconds: 0 });
  return { startup: [startup, reason], busy_wait: wait === null ? null : { ...wait } };
}
