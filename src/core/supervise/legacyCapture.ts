import { createHash } from 'node:crypto';
import { ConveyorError } from '../domain/errors.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from '../ledger/connection.ts';
import { insertTranscriptCapture, upsertWorker } from '../ledger/legacyWorkerStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import type { Clock } from '../ports/clock.ts';
import type { PaneAddress, Tmux } from '../tmux/tmux.ts';
import type { CaptureMeta, WorkerFolder } from './legacyFolder.ts';

/** Somebody with a terminal: a worker in a folder, or a registered session. The folder counts first. */
export interface LegacyTarget {
  readonly name: string;
  readonly folder: WorkerFolder | null;
  readonly session: Session | null;
  /** Null: it never had a terminal. */
  readonly address: PaneAddress | null;
  readonly tmux: Tmux;
}

/** Where the terminal of a session is, as it was registered. */
export function addressOf(
  ledger: Connection,
  session: Session,
): { address: PaneAddress | null; socket: string | null } {
  const panel = findPanelSession(ledger, session.id);
  if (session.tmux_session === null) return { address: null, socket: null };
  const paneId = panel?.pane_id ?? session.tmux_pane_id;
  return { address: { session: session.tmux_session, paneId }, socket: panel?.tmux_socket ?? null };
}

export interface Screen {
  readonly text: string;
  readonly title: string;
  /** Null where tmux does not say. */
  readonly changedAt: string | null;
}

export type ScreenLook =
  | { readonly isRunning: true; readonly screen: Screen; readonly error: null }
  | { readonly isRunning: true | null; readonly screen: null; readonly error: string }
  | { readonly isRunning: false; readonly screen: null; readonly error: null };

/** Looks at a terminal once; trouble with tmux is part of what is seen. */
export async function lookAtScreen({ tmux, address }: LegacyTarget, historyLines: number): Promise<ScreenLook> {
  if (address === null) return { isRunning: false, screen: null, error: null };
  try {
    if (!(await tmux.hasSession(address.session))) return { isRunning: false, screen: null, error: null };
  } catch (error) {
    return { isRunning: null, screen: null, error: sentenceOf(error) };
  }
  try {
    const pane = await tmux.findPane(address);
    const text = await tmux.capture(pane.paneId, { historyLines });
    const active = Number(await tmux.display(pane.paneId, '#{window_activity}'));
    const changedAt = active > 0 ? formatTimestamp(active * 1000) : null;
    return { isRunning: true, screen: { text: withoutBlankEnd(text), title: pane.title, changedAt }, error: null };
  } catch (error) {
    return { isRunning: true, screen: null, error: sentenceOf(error) };
  }
}

export interface CaptureRecord extends CaptureMeta {
  readonly byte_count: number;
  readonly line_count: number;
}

/**
 * What a screen is as a record. A worker in a folder keeps it there, and in the ledger when it differs from the one
 * before; of a session nothing is kept: it has no folder, and looking must not make one (AT-19).
 */
export function recordCapture(
  { ledger, clock }: { readonly ledger: Connection; readonly clock: Clock },
  { folder }: LegacyTarget,
  screen: Screen,
  historyLines: number,
): CaptureRecord {
  const now = clock.now();
  const sha256 = createHash('sha256').update(screen.text).digest('hex');
  const before = folder?.readCaptureMeta() ?? null;
  const isSame = before?.sha256 === sha256;
  const meta: CaptureMeta = {
    captured_at: formatTimestamp(now),
    changed_at: isSame
      ? before.changed_at
      : folder === null
        ? (screen.changedAt ?? formatTimestamp(now))
        : formatTimestamp(now),
    sha256,
    history_lines: historyLines,
  };
  const line_count = screen.text === '' ? 0 : screen.text.split('\n').length - 1;
  const record = { ...meta, byte_count: Buffer.byteLength(screen.text), line_count };
  if (folder !== null) {
    folder.writeCapture(screen.text, meta);
    if (!isSame) keepInLedger(ledger, folder, screen.text, record, now);
  }
  return record;
}

function keepInLedger(
  ledger: Connection,
  folder: WorkerFolder,
  content: string,
  record: CaptureRecord,
  now: number,
): void {
  const config = folder.readConfig();
  ledger.write(() => {
    const workerId = upsertWorker(
      ledger,
      {
        name: folder.name,
        cwd: config.cwd ?? '',
        tmuxSession: folder.tmuxSession,
        tmuxPaneId: config.tmux_pane_id ?? null,
        identityToken: config.identity_token ?? `workerctl-of-${folder.name}`,
      },
      'active',
      now,
    );
    const { sha256, changed_at: changedAt, history_lines: historyLines } = record;
    const { byte_count: byteCount, line_count: lineCount } = record;
    const capture = { sha256, content, changedAt, historyLines, byteCount, lineCount };
    const captureId = insertTranscriptCapture(ledger, workerId, capture, now);
    recordTelemetry(
      ledger,
      {
        type: 'transcript_capture_recorded',
        summary: 'Recorded transcript capture.',
        correlation: { capture_id: captureId, worker_id: workerId },
        attributes: {
          byte_count: byteCount,
          changed: true,
          history_lines: historyLines,
          line_count: lineCount,
          retention_class: 'hot',
        },
      },
      now,
    );
  });
}

/** The rows below the last that holds something are nobody's words. */
function withoutBlankEnd(text: string): string {
  const trimmed = text.trimEnd();
  return trimmed === '' ? '' : `${trimmed}\n`;
}

function sentenceOf(error: unknown): string {
  if (error instanceof ConveyorError) return error.message;
  throw error;
}
