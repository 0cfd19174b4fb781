import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { connectAppServer } from '../codex/appServerClient.ts';
import { askCodexVersion, findCodex } from '../codex/codexVersion.ts';
import { ConveyorError } from '../domain/errors.ts';
import { isFolder } from '../ports/isFolder.ts';
import { optionalText } from './argument.ts';
import { checkDiscovery } from './discoveryChecks.ts';
import { findOnPath } from './findTools.ts';
import { defineOperation } from './operation.ts';
import { expandHome, type OperationContext } from './operationContext.ts';
import { codexHomeOf } from './userFolders.ts';

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
      workers: z.array(z.object({ name: z.string(), state: z.nullable(z.string()) })),
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
    return { ok, project_root: cwd, checks, workers: legacyWorkers(context.stateRoot) };
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

/** Folders that the older way of creating workers left below the state root. */
function legacyWorkers(stateRoot: string): { name: string; state: string | null }[] {
  if (!isFolder(stateRoot)) return [];
  return readdirSync(stateRoot)
    .filter((name) => existsSync(join(stateRoot, name, 'config.json')))
    .toSorted()
    .map((name) => ({ name, state: legacyState(join(stateRoot, name, 'status.json')) }));
}

function legacyState(file: string): string | null {
  try {
    return z.looseObject({ state: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).state;
  } catch {
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
