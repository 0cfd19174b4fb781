import { refuse, ConveyorError } from '../domain/errors.ts';
import type { ProcessRunner } from '../ports/processRunner.ts';
import { parsePane, PANE_FORMAT, type Pane, type PaneSnapshot } from './pane.ts';
import { tmuxCommand, tmuxNotRunning, type TmuxCommand } from './tmuxCommand.ts';

/** Where something runs: a tmux session by its exact name and, where it was recorded, the pane in it. */
export interface PaneAddress {
  readonly session: string;
  readonly paneId: string | null;
}

export interface NewTmuxSession {
  readonly name: string;
  readonly cwd: string;
  /** Program and arguments; no shell reads them. */
  readonly argv: readonly string[];
  /** Set in the pane whatever the tmux server inherited (CP-22). PATH is taken from here too. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Names that the program must not see although the server has them. */
  readonly unset?: readonly string[];
  readonly width?: number;
  readonly height?: number;
  /** Keep the pane and its text when the program ends; `keepDeadPane` turns it off again. */
  readonly keepWhenDead?: boolean;
}

interface CaptureOptions {
  /** Lines of scroll-back before the screen; none by default. */
  readonly historyLines?: number;
  /** With the SGR sequences for colour, bold, dim and reverse. */
  readonly isStyled?: boolean;
  /** Wrapped lines as one. */
  readonly isJoined?: boolean;
}

/**
 * Reading from and looking after one tmux server. Every target is exact: `=name` or a pane id (CP-1, OD-16, OD-17).
 * Typing into panes is `PaneInput`. Errors: `tmux_missing`, `tmux_denied`, `tmux_not_running`, `tmux_exists`,
 * `tmux_failed`; none holds what was typed.
 */
export interface Tmux {
  /** `['tmux']` or `['tmux', '-L', 'name']`: what an attach command begins with. */
  readonly prefix: readonly string[];
  /** False when the session or the whole server is not there; a refused socket throws `tmux_denied`. */
  hasSession(name: string): Promise<boolean>;
  /** Throws `tmux_exists` when the name is taken. */
  newSession(spec: NewTmuxSession): Promise<Pane>;
  /** The panes of a session, or of the whole server. Empty when there is no server. */
  listPanes(session?: string): Promise<readonly Pane[]>;
  /**
   * The pane of that address: the recorded one if it still belongs to the session, else the active pane of the session.
   * Throws `tmux_not_running` when the session is gone or the recorded pane is not in it any more.
   */
  findPane(address: PaneAddress): Promise<Pane>;
  capture(paneId: string, options?: CaptureOptions): Promise<string>;
  /** Pane facts and screen from one invocation, so that the cursor belongs to the text. */
  snapshot(paneId: string): Promise<PaneSnapshot>;
  keepDeadPane(paneId: string, keep: boolean): Promise<void>;
  /** False when there was no such session. */
  killSession(name: string): Promise<boolean>;
  /** Names of the variables that the server gives to every new pane. Empty when there is no server yet. */
  environmentNames(): Promise<readonly string[]>;
  /** A format of tmux, evaluated for a pane. */
  display(paneId: string, format: string): Promise<string>;
}

/** The real tmux. `socket` is the value of `$CONVEYOR_TMUX_SOCKET`. */
export function realTmux(runner: ProcessRunner, socket: string | undefined): Tmux {
  const tmux = tmuxCommand(runner, socket);
  return {
    prefix: tmux.prefix,
    hasSession: (name) => succeeds(() => tmux.run('has-session', ['-t', exactSession(name)])),
    newSession: (spec) => newSession(tmux, spec),
    listPanes: (session) => listPanes(tmux, session),
    findPane: (address) => findPane(tmux, address),
    capture: (paneId, options = {}) => tmux.run('capture-pane', captureArguments(paneId, options)),
    snapshot: (paneId) => snapshot(tmux, paneId),
    keepDeadPane: async (paneId, keep) => {
      const option = keep ? ['-t', paneId, 'remain-on-exit', 'on'] : ['-u', '-t', paneId, 'remain-on-exit'];
      await tmux.run('set-option', ['-w', ...option]);
    },
    killSession: (name) => succeeds(() => tmux.run('kill-session', ['-t', exactSession(name)])),
    environmentNames: async () => {
      const listed = await emptyWithoutServer(() => tmux.run('show-environment', ['-g']));
      // `NAME=value`, or a lone `-NAME` for one that is taken out; values may hold newlines.
      return listed.split('\n').flatMap((line) => /^([A-Za-z_]\w*)=/u.exec(line)?.[1] ?? []);
    },
    display: async (paneId, format) => (await tmux.run('display-message', ['-p', '-t', paneId, format])).trimEnd(),
  };
}

async function newSession(tmux: TmuxCommand, spec: NewTmuxSession): Promise<Pane> {
  const made = await tmux.run('new-session', newSessionArguments(spec), { environment: clientEnvironment(spec) });
  const pane = parsePane(made.trimEnd());
  if (pane === null) throw refuse('tmux_failed', 'tmux new-session answered in a form that is not understood');
  return pane;
}

/**
 * tmux takes the PATH of a detached session from its client, not from -e; and a server that has to be started keeps all
 * that its client has, for every session that the person ever makes on it.
 */
function clientEnvironment({ environment, unset = [] }: NewTmuxSession): Readonly<Record<string, string | undefined>> {
  const own = Object.entries(process.env).filter(([name]) => !unset.includes(name));
  return { ...Object.fromEntries(own), ...(environment?.PATH === undefined ? {} : { PATH: environment.PATH }) };
}

async function listPanes(tmux: TmuxCommand, session?: string): Promise<readonly Pane[]> {
  const where = session === undefined ? ['-a'] : ['-s', '-t', `${exactSession(session)}:`];
  const listed = await emptyWithoutServer(() => tmux.run('list-panes', [...where, '-F', PANE_FORMAT]));
  return listed.split('\n').flatMap((line) => parsePane(line) ?? []);
}

async function findPane(tmux: TmuxCommand, address: PaneAddress): Promise<Pane> {
  return choosePane(await listPanes(tmux, address.session), address);
}

/** The pane of that address among those of its server. Throws `tmux_not_running`, as `findPane` does. */
export function choosePane(panes: readonly Pane[], { session, paneId }: PaneAddress): Pane {
  const found = panes.find(
    (pane) => pane.sessionName === session && (paneId === null ? pane.isActive : pane.paneId === paneId),
  );
  if (found === undefined) throw tmuxNotRunning(session);
  return found;
}

async function snapshot(tmux: TmuxCommand, paneId: string): Promise<PaneSnapshot> {
  const screen = [';', 'capture-pane', '-p', '-e', '-t', paneId];
  const text = await tmux.run('display-message', ['-p', '-t', paneId, PANE_FORMAT, ...screen]);
  const lineEnd = text.indexOf('\n');
  const pane = parsePane(text.slice(0, lineEnd));
  // tmux 3.3a answers for a pane that is gone with empty fields instead of an error.
  if (pane === null) throw tmuxNotRunning(paneId);
  return { pane, styled: text.slice(lineEnd + 1) };
}

/** `=name`: without the sign tmux falls back to sessions that merely begin so (CP-1). */
export function exactSession(name: string): string {
  return `=${name}`;
}

const DEFAULT_WIDTH = 160;
const DEFAULT_HEIGHT = 48;

/**
 * Always through `env`: it takes names out of the environment, and a program without arguments would otherwise be
 * given to a shell.
 */
function newSessionArguments(spec: NewTmuxSession): readonly string[] {
  const environment = Object.entries(spec.environment ?? {}).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const unset = (spec.unset ?? []).flatMap((name) => ['-u', name]);
  const size = ['-x', String(spec.width ?? DEFAULT_WIDTH), '-y', String(spec.height ?? DEFAULT_HEIGHT)];
  const program = ['env', ...unset, ...spec.argv];
  // In the same invocation, so that a program that ends at once can't be quicker than the option.
  const keep =
    spec.keepWhenDead === true ? [';', 'set-option', '-w', '-t', `=${spec.name}:`, 'remain-on-exit', 'on'] : [];
  const escaped = program.map(escapeTrailingSemicolon);
  return [
    '-d',
    '-P',
    '-F',
    PANE_FORMAT,
    '-s',
    spec.name,
    ...size,
    '-c',
    spec.cwd,
    ...environment,
    '--',
    ...escaped,
    ...keep,
  ];
}

/** tmux ends a command at an argument whose last sign is `;`, unless that is escaped. */
function escapeTrailingSemicolon(argument: string): string {
  return argument.endsWith(';') ? `${argument.slice(0, -1)}\\;` : argument;
}

function captureArguments(paneId: string, options: CaptureOptions): readonly string[] {
  const history = options.historyLines === undefined ? [] : ['-S', `-${options.historyLines}`];
  const styled = options.isStyled === true ? ['-e'] : [];
  const joined = options.isJoined === true ? ['-J'] : [];
  return ['-p', ...styled, ...joined, ...history, '-t', paneId];
}

async function succeeds(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if (ConveyorError.is(error, 'tmux_not_running')) return false;
    throw error;
  }
}

async function emptyWithoutServer(ask: () => Promise<string>): Promise<string> {
  try {
    return await ask();
  } catch (error) {
    if (ConveyorError.is(error, 'tmux_not_running')) return '';
    throw error;
  }
}
