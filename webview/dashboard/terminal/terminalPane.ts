import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';

import { largestFrame, type TerminalAccess, terminalNotice } from '../../../src/protocol/dashboard.ts';
import { socketAddress } from '../connection.ts';
import { bringStylesUnderPolicy } from './stylesUnderPolicy.ts';
import { terminalTheme } from './terminalTheme.ts';

bringStylesUnderPolicy();

/** A pasted text is sent in pieces that no server refuses. */
const piece = largestFrame / 4;

/** One terminal of a session, attached while it is in the page. Closing detaches; the session goes on. */
export class TerminalPane extends HTMLElement {
  session = '';
  access: TerminalAccess = 'watch';
  /** What there is to say instead of the terminal; null while it is attached. */
  onNotice: (message: string | null) => void = () => {};
  #end: (() => void) | null = null;

  connectedCallback(): void {
    const { access } = this;
    const terminal = new Terminal({
      disableStdin: access === 'watch',
      cursorBlink: access === 'takeOver',
      cursorInactiveStyle: 'none',
      fontFamily: getComputedStyle(this).getPropertyValue('--vscode-editor-font-family'),
      fontSize: 12.5,
      minimumContrastRatio: 4.5,
      scrollback: 0,
      theme: terminalTheme(),
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(this);
    fit.fit();
    const socket = this.#attach(terminal);
    const resize = new ResizeObserver(() => {
      if (this.offsetWidth > 0) fit.fit();
    });
    resize.observe(this);
    const scheme = matchMedia('(prefers-color-scheme: light)');
    const paint = (): void => {
      terminal.options.theme = terminalTheme();
    };
    scheme.addEventListener('change', paint);
    if (access === 'takeOver') terminal.focus();
    this.#end = () => {
      scheme.removeEventListener('change', paint);
      resize.disconnect();
      socket.close();
      terminal.dispose();
    };
  }

  disconnectedCallback(): void {
    this.#end?.();
    this.#end = null;
  }

  #attach(terminal: Terminal): WebSocket {
    const { session, access } = this;
    const [cols, rows] = [String(terminal.cols), String(terminal.rows)];
    const socket = new WebSocket(socketAddress('terminal', { session, access, cols, rows }));
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) terminal.write(new Uint8Array(data));
      else this.#hear(String(data));
    });
    socket.addEventListener('close', () => this.onNotice('The terminal is detached.'));
    const isOpen = () => socket.readyState === WebSocket.OPEN;
    const type = (bytes: Uint8Array<ArrayBuffer>): void => {
      if (!isOpen() || access !== 'takeOver') return;
      for (let at = 0; at < bytes.length; at += piece) socket.send(bytes.subarray(at, at + piece));
    };
    terminal.onData((text) => type(new TextEncoder().encode(text)));
    terminal.onBinary((text) => type(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
    terminal.onResize(({ cols: wide, rows: high }) => {
      if (isOpen()) socket.send(JSON.stringify({ type: 'resize', cols: wide, rows: high }));
    });
    return socket;
  }

  #hear(text: string): void {
    const notice = terminalNotice.safeParse(JSON.parse(text));
    if (notice.success) this.onNotice(notice.data.type === 'attached' ? null : notice.data.message);
  }
}
