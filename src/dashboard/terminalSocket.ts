import type { RawData, WebSocket } from 'ws';

import { ConveyorError } from '../core/domain/errors.ts';
import { type TerminalAccess, terminalControl, type TerminalNotice } from '../protocol/dashboard.ts';
import type { OpenPty, Pty, PtyOrder } from './pty.ts';

/** What is on its way to a browser that does not read; above this the program waits. Bytes. */
const mostUnsent = 1024 * 1024;

export interface TerminalOrder {
  readonly access: TerminalAccess;
  readonly cols: number;
  readonly rows: number;
}

/** What attaches to a session, or why that can't be. */
export type Attachment =
  | { readonly kind: 'program'; readonly program: Pick<PtyOrder, 'file' | 'argv' | 'environment'> }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * One terminal: output as binary frames to the page, keys as binary frames from it, sizes as JSON text. Who only watches
 * has no keys here, whatever tmux would make of them. The end of the socket hangs up, the end of the program closes it.
 */
export async function serveTerminal(
  socket: WebSocket,
  { access, cols, rows }: TerminalOrder,
  { attachment, open }: { readonly attachment: Attachment; readonly open: OpenPty },
): Promise<void> {
  if (attachment.kind === 'refused') return leave(socket, 'refused', attachment.message);
  let pty: Pty;
  try {
    pty = await open({ ...attachment.program, cols, rows });
  } catch (error) {
    const message = error instanceof ConveyorError ? error.message : 'the terminal could not be opened';
    return leave(socket, 'refused', message);
  }
  if (socket.readyState !== socket.OPEN) return pty.end();
  socket.on('close', () => pty.end());
  socket.on('message', (data, isBinary) => {
    const bytes = bytesOf(data);
    if (!isBinary) resize(pty, bytes.toString('utf8'));
    else if (access === 'takeOver') pty.write(bytes);
  });
  relay(socket, pty);
  notify(socket, { type: 'attached', message: '' });
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

function relay(socket: WebSocket, pty: Pty): void {
  let isPaused = false;
  pty.onData((data) => {
    socket.send(data, () => {
      if (!isPaused || socket.bufferedAmount > mostUnsent / 2) return;
      isPaused = false;
      pty.resume();
    });
    if (isPaused || socket.bufferedAmount < mostUnsent) return;
    isPaused = true;
    pty.pause();
  });
  pty.onExit(() => leave(socket, 'ended', 'The terminal was detached, or its session has ended.'));
}

/** What is no size is nothing: it is never typed. */
function resize(pty: Pty, text: string): void {
  try {
    const control = terminalControl.safeParse(JSON.parse(text));
    if (control.success) pty.resize(control.data.cols, control.data.rows);
  } catch {
    // Not even JSON.
  }
}

function leave(socket: WebSocket, type: 'refused' | 'ended', message: string): void {
  notify(socket, { type, message });
  socket.close(1000);
}

function notify(socket: WebSocket, notice: TerminalNotice): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(notice));
}
