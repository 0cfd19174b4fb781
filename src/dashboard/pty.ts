import { refuse } from '../core/domain/errors.ts';

export interface PtyOrder {
  readonly file: string;
  readonly argv: readonly string[];
  readonly cols: number;
  readonly rows: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A program on a terminal of its own. */
export interface Pty {
  readonly pid: number;
  onData(listener: (data: Uint8Array) => void): void;
  onExit(listener: () => void): void;
  write(data: Uint8Array): void;
  resize(cols: number, rows: number): void;
  /** Stops reading, so that the program waits, until `resume`. */
  pause(): void;
  resume(): void;
  /** Hangs up: a tmux client detaches, and the session goes on. */
  end(): void;
}

export type OpenPty = (order: PtyOrder) => Promise<Pty>;

/** The real one. Its native part is loaded with the first terminal. Throws `not_supported` where there is none for this platform. */
export const openPty: OpenPty = async ({ file, argv, cols, rows, environment }) => {
  const { spawn } = await load();
  let hasEnded = false;
  const pty = spawn(file, [...argv], {
    name: 'xterm-256color',
    cols,
    rows,
    cwd: '/',
    env: { ...environment, TMUX: undefined, TMUX_PANE: undefined, TERM: 'xterm-256color', COLORTERM: 'truecolor' },
    // As it came: a character may be cut between two reads.
    encoding: null,
  });
  pty.onExit(() => (hasEnded = true));
  return {
    pid: pty.pid,
    onData: (listener) => {
      pty.onData((data: string | Uint8Array) => listener(typeof data === 'string' ? Buffer.from(data) : data));
    },
    onExit: (listener) => {
      pty.onExit(() => listener());
    },
    write: (data) => pty.write(Buffer.from(data)),
    resize: (wide, high) => {
      if (!hasEnded) pty.resize(wide, high);
    },
    pause: () => pty.pause(),
    resume: () => pty.resume(),
    end: () => {
      if (!hasEnded) pty.kill('SIGHUP');
    },
  };
};

async function load(): Promise<typeof import('node-pty')> {
  try {
    return await import('node-pty');
  } catch (cause) {
    throw refuse(
      'not_supported',
      `terminals in the browser are not available on ${process.platform}-${process.arch}; use "tmux attach" or the editor`,
      { cause },
    );
  }
}
