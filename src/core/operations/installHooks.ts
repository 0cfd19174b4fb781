import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { askCodexVersion } from '../codex/codexVersion.ts';
import { addHooks, addNotify, hookEventsOf, removeHooks, removeNotify } from '../codex/hookConfig.ts';
import { refuse } from '../domain/errors.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { flag } from './argument.ts';
import { hookProgramPath, signalFolder, writeHookProgram } from './hookProgram.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { isSandboxed } from './sandbox.ts';
import { codexHomeOf } from './userFolders.ts';

const fileOutput = () =>
  z.object({
    path: z.string(),
    change: z.enum(['created', 'changed', 'removed', 'none']),
    /** Whole lines: nothing else of the file is shown. */
    added: z.array(z.string()),
    removed: z.array(z.string()),
  });

/**
 * Has Codex report turn ends, approvals and failed requests as they happen. Everything works without; with it, it is
 * known in milliseconds and from Codex itself. Previewed, reversible, and what was there stays.
 */
export const installHooks = defineOperation({
  name: 'install-hooks',
  summary: "Have Codex report the ends of turns and its questions at once, through its own hooks or 'notify'.",
  effect: 'writes',
  inputs: {
    dryRun: flag('only show what would be changed'),
    remove: flag('take our entries out again'),
  },
  output: () =>
    z.object({
      codex_home: z.string(),
      dry_run: z.boolean(),
      files: z.array(fileOutput()),
      program: z.string(),
      /** What the person has to do or to know. */
      note: z.string(),
    }),
  run: async (context, { dryRun, remove }) => {
    if (isSandboxed(context))
      throw refuse('not_supported', "Codex's configuration can't be changed from inside a sandbox");
    const home = codexHomeOf(context.variables);
    if (!existsSync(home))
      throw refuse('codex_missing', `there is no Codex home at ${home}; start Codex once, or set CODEX_HOME`);
    const program = hookProgramPath(context.ledgerFile, context.variables);
    const plans = remove ? planRemoval(home, program) : await planInstallation(context, home, program);
    if (!dryRun) carryOut(context, plans, remove);
    const files = plans.map(describe);
    return { codex_home: home, dry_run: dryRun, files, program, note: noteOn(files, remove) };
  },
  text: ({ files, note }) =>
    [
      ...files.flatMap(({ path, change, added, removed }) => [
        `${path}: ${change}`,
        ...removed.map((line) => `  - ${line}`),
        ...added.map((line) => `  + ${line}`),
      ]),
      note,
      '',
    ].join('\n'),
});

/** Codex gives it to a shell. */
function hookCommand(program: string): string {
  return quoteForShell(program);
}

interface FilePlan {
  readonly path: string;
  readonly before: string | null;
  /** Null: the file goes. */
  readonly after: string | null;
}

async function planInstallation(context: OperationContext, home: string, program: string): Promise<FilePlan[]> {
  const { version } = await askCodexVersion(context.processes, { path: context.variables.PATH });
  const events = hookEventsOf(version);
  const [hooks, config] = [join(home, 'hooks.json'), join(home, 'config.toml')];
  const [hooksBefore, configBefore] = [readOrNull(hooks), readOrNull(config)];
  if (events.length === 0) return [{ path: config, before: configBefore, after: addNotify(configBefore, program) }];
  return [{ path: hooks, before: hooksBefore, after: addHooks(hooksBefore, hookCommand(program), events) }];
}

function planRemoval(home: string, program: string): FilePlan[] {
  const [hooks, config] = [join(home, 'hooks.json'), join(home, 'config.toml')];
  const [hooksBefore, configBefore] = [readOrNull(hooks), readOrNull(config)];
  return [
    ...(hooksBefore === null
      ? []
      : [{ path: hooks, before: hooksBefore, after: removeHooks(hooksBefore, hookCommand(program)) }]),
    ...(configBefore === null
      ? []
      : [{ path: config, before: configBefore, after: removeNotify(configBefore, program) }]),
  ].filter(({ before, after }) => before !== after);
}

function carryOut(context: OperationContext, plans: readonly FilePlan[], isRemoval: boolean): void {
  const { ledger, ledgerFile, variables, clock } = context;
  if (!isRemoval) writeHookProgram(ledgerFile, variables);
  for (const plan of plans.filter(({ before, after }) => before !== after)) replace(plan);
  // The program goes last: a Codex that still has the old configuration would miss it.
  if (isRemoval) {
    rmSync(hookProgramPath(ledgerFile, variables), { force: true });
    // What waits there is what Codex told its hooks: nobody takes it in any more.
    rmSync(signalFolder(ledgerFile, variables), { recursive: true, force: true });
  }
  const payload = { files: plans.map(({ path }) => path) };
  ledger.write(() =>
    recordEvent(ledger, { type: isRemoval ? 'hooks_removed' : 'hooks_installed', payload }, clock.now()),
  );
}

function replace({ path: named, before, after }: FilePlan): void {
  // A link stays one: dotfiles are often kept elsewhere.
  const path = existsSync(named) ? realpathSync(named) : named;
  if (before !== null && !existsSync(`${path}.before-conveyor`)) copyFileSync(path, `${path}.before-conveyor`);
  if (after === null) {
    rmSync(path, { force: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, after, { mode: statSync(path, { throwIfNoEntry: false })?.mode ?? 0o600 });
  renameSync(draft, path);
}

function describe({ path, before, after }: FilePlan): z.infer<ReturnType<typeof fileOutput>> {
  const [old, now] = [(before ?? '').split('\n'), (after ?? '').split('\n')];
  const change = before === after ? 'none' : before === null ? 'created' : after === null ? 'removed' : 'changed';
  return {
    path,
    change,
    added: now.filter((line) => line !== '' && !old.includes(line)),
    removed: old.filter((line) => line !== '' && !now.includes(line)),
  };
}

function noteOn(files: readonly { readonly path: string; readonly change: string }[], isRemoval: boolean): string {
  if (files.every(({ change }) => change === 'none'))
    return isRemoval ? 'Nothing of ours is in it.' : 'Everything is there already.';
  if (isRemoval) return 'Sessions that run keep their hooks until they are started anew.';
  return files.some(({ path }) => path.endsWith('hooks.json'))
    ? 'Codex asks once, at its next start, whether these hooks are to be trusted: look at them there and say yes. Sessions that run are not affected.'
    : 'It counts for every session that is started from now on.';
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw refuse('file_unreadable', `cannot read ${file}; see whether it is yours`, { cause: error });
  }
}
