/** One pane as tmux describes it at one moment. */
export interface Pane {
  /** `%3`: never used again by the same tmux server. */
  readonly paneId: string;
  readonly sessionName: string;
  readonly pid: number;
  /** The active pane of the active window of its session. */
  readonly isActive: boolean;
  /** The program ended and `remain-on-exit` keeps the pane. Pasting here can crash tmux 3.3a (OD-42). */
  readonly isDead: boolean;
  /** Exit status of a dead pane's program; null while it lives or when it was killed. */
  readonly exitStatus: number | null;
  /** Copy mode or another mode of tmux takes the keys. */
  readonly isInMode: boolean;
  readonly width: number;
  readonly height: number;
  readonly cursorColumn: number;
  readonly cursorRow: number;
  /** Codex hides the cursor while a dialog or a pager has the keyboard. */
  readonly isCursorVisible: boolean;
  /** `/dev/pts/4` */
  readonly tty: string;
  /** Name of the foreground program, cut by the system to 15 characters or so. */
  readonly currentCommand: string;
  /** What the program set as terminal title. */
  readonly title: string;
  /** The tmux server's own process: part of a pane's identity, for pane ids begin again with each server. */
  readonly serverPid: number;
  readonly socketPath: string;
  /** When a program last wrote into its window; whole seconds since the epoch. */
  readonly windowActiveAt: number;
}

const SEPARATOR = '<|>';
const FIELDS = [
  'pane_id',
  'session_name',
  'pane_pid',
  'window_active',
  'pane_active',
  'pane_dead',
  'pane_dead_status',
  'pane_in_mode',
  'pane_width',
  'pane_height',
  'cursor_x',
  'cursor_y',
  'cursor_flag',
  'pane_tty',
  'pid',
  'socket_path',
  'window_activity',
  'pane_current_command',
  // Last: the only field that may hold the separator.
  'pane_title',
] as const;

/** For `-F` of any tmux verb that prints panes. */
export const PANE_FORMAT = FIELDS.map((field) => `#{${field}}`).join(SEPARATOR);

/** Null for a line that is not one of ours. */
export function parsePane(line: string): Pane | null {
  const parts = line.split(SEPARATOR);
  if (parts.length < FIELDS.length) return null;
  const value = (field: (typeof FIELDS)[number]): string => parts[FIELDS.indexOf(field)] ?? '';
  const status = value('pane_dead_status');
  const paneId = value('pane_id');
  if (!/^%\d+$/.test(paneId)) return null;
  return {
    paneId,
    sessionName: value('session_name'),
    pid: Number(value('pane_pid')),
    isActive: value('window_active') === '1' && value('pane_active') === '1',
    isDead: value('pane_dead') === '1',
    exitStatus: status === '' ? null : Number(status),
    isInMode: value('pane_in_mode') !== '0' && value('pane_in_mode') !== '',
    width: Number(value('pane_width')),
    height: Number(value('pane_height')),
    cursorColumn: Number(value('cursor_x')),
    cursorRow: Number(value('cursor_y')),
    isCursorVisible: value('cursor_flag') === '1',
    tty: value('pane_tty'),
    currentCommand: value('pane_current_command'),
    title: parts.slice(FIELDS.length - 1).join(SEPARATOR),
    serverPid: Number(value('pid')),
    socketPath: value('socket_path'),
    windowActiveAt: Number(value('window_activity')),
  };
}

/** What a pane showed, and where its cursor was, at one and the same moment. */
export interface PaneSnapshot {
  readonly pane: Pane;
  /** The screen with SGR sequences, one line per row, from the top row on. */
  readonly styled: string;
}
