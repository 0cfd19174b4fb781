import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { shellCommand } from '../domain/shellQuote.ts';
import { findSessionBinding } from '../ledger/bindingStore.ts';
import { refusalForPerson } from '../ledger/confirmation.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { addressOf } from '../supervise/legacyCapture.ts';
import type { WorkerFolder } from '../supervise/legacyFolder.ts';
import {
  type Launch,
  type TerminalApp,
  terminalApps,
  terminalLaunch,
  usualTerminalApp,
} from '../supervise/terminalApps.ts';
import { exactSession, type Tmux } from '../tmux/tmux.ts';
import { choiceWithDefault, flag, positional } from './argument.ts';
import { askWindow, leadingWindow } from './askWindow.ts';
import { findOnPath } from './findTools.ts';
import { requireTarget } from './legacyTarget.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { tmuxAtOf } from './panes.ts';
import { isSandboxed } from './sandbox.ts';

/** Where a terminal can be opened. */
export const terminals = ['auto', 'vscode', ...terminalApps] as const;
const inputs = {
  terminal: choiceWithDefault(
    'where: a window of VS Code, or a terminal of macOS; auto takes the first that works',
    terminals,
    'auto',
  ),
  dryRun: flag('say how it would be opened, and open nothing'),
};

const output = () =>
  z.object({
    name: z.string(),
    task: z.nullable(z.string()),
    tmux_session: z.string(),
    terminal: z.enum(terminals),
    dry_run: z.boolean(),
    opened: z.boolean(),
    /** The window of VS Code that shows it. */
    window: z.nullable(z.string()),
    /** What is run for it; null where a window opens it. */
    command: z.nullable(z.array(z.string())),
    /** Opens it in the topmost window of VS Code that has the folder open. */
    uri: z.nullable(z.string()),
    attach_command: z.string(),
  });
type Opened = z.infer<ReturnType<typeof output>>;

/** Shows the terminal of a worker that is kept in a folder, or of a registered session. */
export const open = defineOperation({
  name: 'open',
  summary: 'Open the terminal of a worker or session, in VS Code or in a terminal of macOS.',
  effect: 'acts',
  inputs: {
    name: positional('name of the worker or session', 'NAME'),
    ...inputs,
    force: flag('also when it was opened already'),
  },
  output,
  run: async (context, { name, force, ...order }) => {
    const { folder, session, address, tmux } = requireTarget(context, name);
    if (address === null) throw noTerminal(name);
    if (!force && folder !== null) refuseOpenTwice(folder);
    const opened = await openIn(context, { name, task: null, session, tmux, tmuxSession: address.session }, order);
    if (!opened.dry_run && folder !== null)
      folder.appendEvent('open', { terminal: opened.terminal }, context.clock.now());
    return opened;
  },
});

/** Shows the terminal of a task's worker. */
export const openWorker = openOf('worker');
/** Shows the terminal of a task's manager. */
export const openManager = openOf('manager');

function openOf<const Role extends 'worker' | 'manager'>(role: Role) {
  return defineOperation({
    name: `open-${role}`,
    summary: `Open the terminal of a task's ${role}, in VS Code or in a terminal of macOS.`,
    effect: 'acts',
    inputs: { task: positional('name or id of the task', 'TASK'), ...inputs },
    output,
    run: (context: OperationContext, { task: reference, ...order }: { readonly task: string } & Order) => {
      const task = requireTask(context.ledger, reference);
      const session = findSessionBinding(context.ledger, task.id)?.[role] ?? null;
      if (session === null) {
        throw refuse(
          'no_binding',
          `task '${reference}' has no active ${role}; bind one with "${context.program} bind"`,
        );
      }
      const { address, socket } = addressOf(context.ledger, session);
      if (address === null) throw noTerminal(session.name);
      const tmux = tmuxAtOf(context)(socket);
      const place = { name: session.name, task: { id: task.id, name: task.name }, session, tmux };
      return openIn(context, { ...place, tmuxSession: address.session }, order);
    },
  });
}

/** Throws where nothing could open a terminal: for those who start something first. */
export function refuseUnopenable(context: OperationContext, terminal: Order['terminal']): void {
  if ((terminal === 'auto' || terminal === 'vscode') && leadingWindow(context) !== null) return;
  const launcher = launcherOf(context, terminal);
  if ('why' in launcher) throw refuse('not_supported', launcher.why);
}

interface Order {
  readonly terminal: (typeof terminals)[number];
  readonly dryRun: boolean;
}

interface Place {
  readonly name: string;
  readonly task: { readonly id: string; readonly name: string } | null;
  /** Null for a worker of the first generation that was never registered. */
  readonly session: Session | null;
  readonly tmux: Tmux;
  readonly tmuxSession: string;
}

async function openIn(context: OperationContext, place: Place, { terminal, dryRun }: Order): Promise<Opened> {
  await refuseNotRunning(context, place);
  const common = answerFrom(place);
  if (dryRun) return { ...common, ...rehearse(context, place, terminal), dry_run: true };
  if (place.session !== null && (terminal === 'auto' || terminal === 'vscode')) {
    const answer = await askWindow(context, place.session, place.task?.id ?? null);
    if (answer.kind === 'opened') return { ...common, terminal: 'vscode', opened: true, window: answer.window };
    if (answer.kind === 'refused') throw refuse('not_supported', `VS Code does not open it: ${answer.reason}`);
  }
  const launch = launchOf(context, place, terminal);
  refuseFromSandbox(context);
  await start(context, launch);
  return { ...common, terminal: launch.terminal, opened: true, command: [launch.file, ...launch.argv] };
}

function answerFrom({ name, task, session, tmux, tmuxSession }: Place): Opened {
  const attach = attachCommand(tmux, tmuxSession);
  return {
    name,
    task: task?.name ?? null,
    tmux_session: tmuxSession,
    terminal: 'auto',
    dry_run: false,
    opened: false,
    window: null,
    command: null,
    uri: session === null ? null : uriOf(session),
    attach_command: shellCommand(attach),
  };
}

function rehearse(context: OperationContext, place: Place, terminal: Order['terminal']): Partial<Opened> {
  const window = leadingWindow(context);
  const isForWindow = place.session !== null && (terminal === 'auto' || terminal === 'vscode');
  if (isForWindow && window !== null) return { terminal: 'vscode', window };
  const launch = launchOf(context, place, terminal);
  return { terminal: launch.terminal, command: [launch.file, ...launch.argv] };
}

type NamedLaunch = Launch & { readonly terminal: 'vscode' | TerminalApp };

/** What is run where no window answers. Throws where there is nothing to run. */
function launchOf(context: OperationContext, place: Place, terminal: Order['terminal']): NamedLaunch {
  const { session, tmux, tmuxSession } = place;
  const attach = attachCommand(tmux, tmuxSession);
  const launcher = launcherOf(context, terminal);
  if ('why' in launcher) throw refuse('not_supported', `${launcher.why}; attach with: ${shellCommand(attach)}`);
  if (launcher.terminal === 'vscode') {
    if (session === null)
      throw refuse('not_supported', `VS Code shows registered sessions only: register ${place.name}`);
    return { terminal: 'vscode', file: launcher.editor, argv: ['--open-url', uriOf(session)] };
  }
  if (session !== null) {
    const changed = refusalForPerson(context, session, findPanelSession(context.ledger, session.id));
    if (changed !== null) throw changed;
  }
  return { terminal: launcher.terminal, ...terminalLaunch(launcher.terminal, attach) };
}

type Launcher = { readonly terminal: 'vscode'; readonly editor: string } | { readonly terminal: TerminalApp };

function launcherOf(context: OperationContext, terminal: Order['terminal']): Launcher | { readonly why: string } {
  const { variables } = context;
  const window = leadingWindow(context);
  const noWindow =
    window === null
      ? 'not opened: no window of VS Code looks after this ledger'
      : `not opened: the window ${window} does not answer`;
  if (terminal === 'vscode') {
    const editor = findOnPath('code', variables.PATH);
    return editor === null ? { why: noWindow } : { terminal, editor };
  }
  if (process.platform === 'darwin') {
    return { terminal: terminal === 'auto' ? usualTerminalApp(variables.HOME ?? homedir(), existsSync) : terminal };
  }
  const why = terminal === 'auto' ? noWindow : `not opened: ${terminal} cannot be opened here`;
  return { why: `${why}, and other terminals are opened on macOS only` };
}

function refuseFromSandbox(context: OperationContext): void {
  if (!isSandboxed(context)) return;
  throw refuse('not_supported', 'not opened: a sandbox opens no programs outside; ask the user to run this command');
}

async function start({ processes, variables }: OperationContext, { file, argv, terminal }: NamedLaunch): Promise<void> {
  const { status, stderr } = await processes.run(file, argv, { environment: variables, timeoutMilliseconds: 20_000 });
  if (status === 0) return;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  throw refuse(
    'not_supported',
    `${terminal} did not open (${file} ended with ${status}${said === '' ? '' : `: ${said}`})`,
  );
}

/** From inside a sandbox nobody can look; the window does. */
async function refuseNotRunning(context: OperationContext, { name, tmux, tmuxSession }: Place): Promise<void> {
  if (isSandboxed(context) || (await tmux.hasSession(tmuxSession))) return;
  throw refuse('tmux_not_running', `tmux session is not running: ${tmuxSession} (${name})`);
}

/** A worker of the first generation keeps a log; since it was started, it is opened once. */
function refuseOpenTwice(folder: WorkerFolder): void {
  const { events } = folder.readEvents();
  const last = events.findLast(({ type }) => type === 'open' || type === 'create' || type === 'stop');
  if (last?.type !== 'open' || last.terminal === 'vscode') return;
  throw refuse('session_state', `${folder.name} was opened already; use --force to open it once more`);
}

function attachCommand({ prefix }: Tmux, tmuxSession: string): readonly string[] {
  return [...prefix, 'attach-session', '-t', exactSession(tmuxSession)];
}

function uriOf(session: Session): string {
  return `vscode://agent-conveyor.agent-conveyor-vscode/watch?session=${encodeURIComponent(session.id)}`;
}

function noTerminal(name: string) {
  return refuse('no_tmux_session', `session '${name}' does not run in tmux, so it has no terminal to open`);
}
