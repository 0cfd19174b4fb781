import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import type { DemoWorld } from './demoWorld.ts';

const cli = resolve(import.meta.dirname, '../../dist/cli.js');

/** Runs the command line in the demo's world; resolves with its exit status. */
export function conveyor(world: DemoWorld, argv: readonly string[]): Promise<number> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [cli, ...argv], {
      cwd: world.workspace,
      env: world.environment,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.on('exit', (code) => done(code ?? 1));
  });
}

/** Makes the task, so that the folder has a ledger and the extension comes alive with the window. */
export async function makeTask(world: DemoWorld): Promise<void> {
  const { task, goal } = world.names;
  if ((await conveyor(world, ['tasks', '--create', task, '--goal', goal])) !== 0)
    throw new Error('the task could not be made');
}

/** Waits until a window leads the ledger, then starts worker and manager in Codex's `workspace-write` sandbox. */
export async function startPair(world: DemoWorld, signal: AbortSignal, say: (line: string) => void): Promise<void> {
  const { task, worker, manager, goal } = world.names;
  const leader = await leadingWindow(world, signal);
  if (leader === null) return;
  say(`${leader} leads the ledger; starting ${worker} and ${manager} …`);
  const names = ['--task', task, '--worker-name', worker, '--manager-name', manager];
  const sandbox = ['--sandbox', 'workspace-write', '--ask-for-approval', 'on-request', '--accept-trust'];
  const status = await conveyor(world, ['pair', ...names, '--task-prompt', goal, '--no-dispatch', ...sandbox]);
  if (status !== 0) throw new Error('the pair did not start; see above');
}

/** The id of the window whose engine leads; null when it was interrupted before. */
async function leadingWindow({ stateRoot }: DemoWorld, signal: AbortSignal): Promise<string | null> {
  while (!signal.aborted) {
    const holder = readLeader(join(stateRoot, 'workerctl.db'));
    if (holder?.startsWith('vscode-')) return holder;
    await new Promise((done) => setTimeout(done, 100));
  }
  return null;
}

function readLeader(file: string): string | null {
  if (!existsSync(file)) return null;
  const database = new Database(file, { readonly: true, timeout: 2000 });
  try {
    const holder: unknown = database.prepare("SELECT holder FROM panel_leases WHERE name = 'leadership'").pluck().get();
    return typeof holder === 'string' ? holder : null;
  } finally {
    database.close();
  }
}
