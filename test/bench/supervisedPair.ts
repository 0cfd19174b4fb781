import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../src/build/bundle.ts';
import type { Connection } from '../../src/core/ledger/connection.ts';
import { openLedger } from '../../src/core/ledger/openLedger.ts';
import { systemFolderWatcher } from '../../src/core/ports/folderWatcher.ts';

/** A build of these sources, and a ledger with a worker and a manager bound to one task. */
export interface SupervisedPair {
  readonly folder: string;
  readonly dist: string;
  readonly codexHome: string;
  readonly environment: Record<string, string>;
  /** A connection of the bench itself. */
  readonly ledger: Connection;
  readonly workerRollout: string;
  /** Runs the built command line to its end. */
  conveyor(...argv: string[]): string;
  /** Starts it, and ends it with everything else. */
  start(...argv: string[]): ChildProcess;
  /** The same, with options for Node. */
  startWith(nodeOptions: readonly string[], argv: readonly string[]): ChildProcess;
  close(): Promise<void>;
}

export const task = 'bench';
export const worker = 'bench-worker';

export interface PairOptions {
  /** Where worker and manager run; without it they are this process, and have no pane. */
  readonly panes?: { readonly socket: string; readonly worker: Place; readonly manager: Place };
  /** The folder that supervises; made when left out. */
  readonly workspace?: string;
}

interface Place {
  readonly session: string;
  readonly pid: number;
}

export async function supervisedPair({ panes, workspace }: PairOptions = {}): Promise<SupervisedPair> {
  const scratch = mkdtempSync(join(tmpdir(), 'conveyor-bench-'));
  const discard = () => rmSync(scratch, { recursive: true, force: true });
  process.once('exit', discard); // also when setting up fails
  const dist = join(scratch, 'dist');
  const folder = workspace ?? join(scratch, 'workspace');
  const codexHome = join(scratch, 'codex');
  await bundle(dist);
  const sessions = join(codexHome, 'sessions', ...new Date().toISOString().slice(0, 10).split('-'));
  for (const path of [folder, sessions]) mkdirSync(path, { recursive: true });
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: scratch,
    CODEX_HOME: codexHome,
    XDG_CACHE_HOME: join(scratch, 'cache'),
    XDG_DATA_HOME: join(scratch, 'data'),
    CONVEYOR_TMUX_SOCKET: panes?.socket ?? join(scratch, 'no-tmux'),
  };
  const children: ChildProcess[] = [];
  const argvOf = (argv: readonly string[]) => [join(dist, 'cli.js'), ...argv];
  const conveyor = (...argv: string[]) =>
    execFileSync(process.execPath, argvOf(argv), { cwd: folder, env: environment, encoding: 'utf8' });
  const startWith: SupervisedPair['startWith'] = (nodeOptions, argv) => {
    const options = { cwd: folder, env: environment, stdio: 'pipe' } as const;
    const child = spawn(process.execPath, [...nodeOptions, ...argvOf(argv)], options);
    children.push(child);
    return child;
  };

  const rollouts = { worker: rolloutIn(sessions, 1), manager: rolloutIn(sessions, 2) };
  for (const role of ['worker', 'manager'] as const) {
    const { path, thread } = rollouts[role];
    writeFileSync(path, rolloutLine('session_meta', { id: thread, cwd: folder, cli_version: '0.169.0' }));
    const pane = panes?.[role];
    const where = ['--codex-session', path, '--pid', String(pane?.pid ?? process.pid), '--cwd', folder];
    const terminal = pane === undefined ? [] : ['--tmux-session', pane.session];
    conveyor(`register-${role}`, '--name', `${task}-${role}`, ...where, ...terminal);
  }
  conveyor('tasks', '--create', task, '--goal', 'Be measured');
  conveyor('bind', '--task', task, '--worker', worker, '--manager', `${task}-manager`);
  const ledger = openLedger(join(folder, '.codex-workers', 'workerctl.db'), Date.now()).connection;

  return {
    folder,
    dist,
    codexHome,
    environment,
    ledger,
    workerRollout: rollouts.worker.path,
    conveyor,
    start: (...argv) => startWith([], argv),
    startWith,
    close: async () => {
      await Promise.all(children.map(ended));
      ledger.close();
      process.off('exit', discard);
      discard();
    },
  };
}

function rolloutIn(folder: string, number: number): { readonly path: string; readonly thread: string } {
  const thread = `0198a000-0000-7000-8000-00000000000${number}`;
  return {
    path: join(folder, `rollout-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}-${thread}.jsonl`),
    thread,
  };
}

export function rolloutLine(type: string, payload: object): string {
  return `${JSON.stringify({ timestamp: new Date().toISOString(), type, payload })}\n`;
}

/** Appends as Codex does: one line in one write. */
export function appendEvent(rollout: string, subtype: string, fields: object = {}): void {
  appendFileSync(rollout, rolloutLine('event_msg', { type: subtype, ...fields }));
}

/** Resolves with the moment (`performance.now()`) at which a commit of another process made the check true. */
export function committed(ledger: Connection, check: () => boolean, seconds = 30): Promise<number> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      watch.close();
      clearInterval(poll);
      clearTimeout(deadline);
      settle();
    };
    const look = () => {
      const now = performance.now();
      if (check()) end(() => resolve(now));
    };
    const watch = systemFolderWatcher.watch(join(ledger.file, '..'), look);
    // A lost event must not show as a delay of what is measured.
    const poll = setInterval(look, 10);
    const deadline = setTimeout(() => end(() => reject(new Error(`nothing came within ${seconds} s`))), seconds * 1000);
    look();
  });
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  const patience = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exit;
  clearTimeout(patience);
}
