import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod/mini';
import { connectAppServer } from '../codex/appServerClient.ts';
import { askCodexVersion, findCodex } from '../codex/codexVersion.ts';
import { ConveyorError } from '../domain/errors.ts';
import { isFolder } from '../ports/isFolder.ts';
import { listWorkerFolders, type WorkerFolder } from '../supervise/legacyFolder.ts';
import { optionalText } from './argument.ts';
import { checkDiscovery } from './discoveryChecks.ts';
import { findOnPath } from './findTools.ts';
import { defineOperation } from './operation.ts';
import { expandHome, type OperationContext } from './operationContext.ts';
import { codexHomeOf } from './userFolders.ts';
import { isRunning } from './workerFolders.ts';

interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly [fact: string]: unknown;
}

/** Checks that only inform: a machine is well without them. */
const informational = new Set([
  'state_root_exists',
  'process_files',
  'codex_home_exists',
  'editor_runtime',
  'discovery',
]);

/** Says whether this machine can run supervised sessions, and what is missing. Creates nothing. */
export const doctor = defineOperation({
  name: 'doctor',
  summary: 'Check this machine: tmux, Codex, runtime, state root.',
  effect: 'reads',
  inputs: { cwd: optionalText('folder that sessions are to run in', { placeholder: 'FOLDER' }) },
  output: () =>
    z.object({
      ok: z.boolean(),
      project_root: z.string(),
      checks: z.array(z.looseObject({ name: z.string(), ok: z.boolean() })),
      workers: z.array(
        z.object({
          name: z.string(),
          running: z.boolean(),
          startup: z.nullable(z.string()),
          state: z.nullable(z.string()),
          terminal_error: z.optional(z.string()),
        }),
      ),
    }),
  run: async (context, input) => {
    const cwd = resolve(context.cwd, expandHome(input.cwd ?? '.', context.variables));
    const checks = [
      ...(await checkTmux(context)),
      ...(await checkCodex(context)),
      { name: 'target_cwd_exists', ok: isFolder(cwd), path: cwd },
      { name: 'state_root_exists', ok: existsSync(context.stateRoot), path: context.stateRoot },
      checkWritable(context.stateRoot),
      { name: 'runtime', ok: Number(process.versions.napi ?? 0) >= 10, value: process.version },
      { name: 'process_files', ok: existsSync('/proc/self/fd') || findOnPath('lsof', context.variables.PATH) !== null },
      checkCodexHome(context),
      await checkStrategies(context),
    ];
    const ok = checks.every((check) => check.ok || informational.has(check.name));
    return { ok, project_root: cwd, checks, workers: await legacyWorkers(context) };
  },
  exitStatus: ({ ok }) => (ok ? 0 : 1),
});

async function checkTmux(context: OperationContext): Promise<DoctorCheck[]> {
  const path = findOnPath('tmux', context.variables.PATH);
  if (path === null) return [{ name: 'tmux', ok: false, path, remedy: 'install tmux 3.1 or newer' }];
  const { status, stdout } = await context.processes.run(path, ['-V'], { timeoutMilliseconds: 5000 });
  return [
    { name: 'tmux', ok: true, path },
    { name: 'tmux_version', ok: status === 0, value: stdout.trim() },
  ];
}

async function checkCodex({ processes, variables }: OperationContext): Promise<DoctorCheck[]> {
  const path = findCodex(variables.PATH);
  if (path === null)
    return [{ name: 'codex', ok: false, path, remedy: 'install it with "npm install -g @openai/codex"' }];
  try {
    const { version } = await askCodexVersion(processes, { path: variables.PATH });
    return [
      { name: 'codex', ok: true, path },
      { name: 'codex_version', ok: true, value: `codex-cli ${version.text}` },
    ];
  } catch (error) {
    return [
      { name: 'codex', ok: true, path },
      { name: 'codex_version', ok: false, value: null, error: error instanceof Error ? error.message : String(error) },
    ];
  }
}

/** One that works is enough; naming the file always does. */
async function checkStrategies({ host, processes, variables }: OperationContext): Promise<DoctorCheck> {
  const found = await askCodexVersion(processes, { path: variables.PATH }).catch((error: unknown) => {
    if (error instanceof ConveyorError) return null;
    throw error;
  });
  const strategies = checkDiscovery({
    host,
    hasTmux: findOnPath('tmux', variables.PATH) !== null,
    version: found?.version ?? null,
    isSandboxed: Object.keys(variables).some((name) => name.startsWith('CODEX_SANDBOX')),
    hasServer: await hasServer(codexHomeOf(variables)),
    ownThreadId: variables.CODEX_THREAD_ID ?? null,
  });
  const ok = strategies.some(({ strategy, works }) => works && strategy !== 'explicit_path');
  return { name: 'discovery', ok, strategies };
}

async function hasServer(codexHome: string): Promise<boolean> {
  try {
    (await connectAppServer(codexHome)).close();
    return true;
  } catch (error) {
    if (ConveyorError.is(error, 'app_server_missing', 'app_server_failed')) return false;
    throw error;
  }
}

function checkWritable(stateRoot: string): DoctorCheck {
  const existing = nearestExisting(stateRoot);
  return { name: 'state_root_writable', ok: isWritable(existing), path: existing };
}

function checkCodexHome({ variables }: OperationContext): DoctorCheck {
  const path = codexHomeOf(variables);
  return { name: 'codex_home_exists', ok: existsSync(path), path };
}

/** Workers that are kept in folders, by their files alone: to look is no reason to make a ledger. */
function legacyWorkers(context: OperationContext) {
  const { stateRoot } = context;
  const folders = isFolder(stateRoot) ? listWorkerFolders(stateRoot) : [];
  return Promise.all(
    folders.map(async (folder) => {
      const { running, error } = await isRunning(context, folder.tmuxSession);
      const worker = {
        name: folder.name,
        running,
        startup: startupOf(folder),
        state: folder.readStatus()?.state ?? null,
      };
      return error === null ? worker : { ...worker, terminal_error: error };
    }),
  );
}

/** Null when it is not known, also because the file is broken: that is for `list` and `status` to say. */
function startupOf(folder: WorkerFolder): string | null {
  try {
    return folder.readConfig().startup ?? null;
  } catch (error) {
    if (!ConveyorError.is(error)) throw error;
    return null;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function nearestExisting(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestExisting(dirname(path));
}
