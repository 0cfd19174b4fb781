import { existsSync, rmSync } from 'node:fs';
import * as z from 'zod/mini';
import { askCodexVersion } from '../codex/codexVersion.ts';
import { hookEventsOf } from '../codex/hookConfig.ts';
import { refuse } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { flag, optionalText } from './argument.ts';
import { type FilePlan, planDigest, planInstallation, planRemoval, unifiedDiff, writePlan } from './hookFiles.ts';
import { hookProgramPath, signalFolder, writeHookProgram } from './hookProgram.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { isSandboxed, isToolOfCodex } from './sandbox.ts';
import { codexHomeOf } from './userFolders.ts';

const fileOutput = () =>
  z.object({
    path: z.string(),
    change: z.enum(['created', 'changed', 'removed', 'none']),
    /** Exactly what is written, as a unified diff; empty when nothing is. */
    diff: z.string(),
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
    expect: optionalText('digest of the changes that were shown; others are not made', { placeholder: 'DIGEST' }),
  },
  output: () =>
    z.object({
      codex_home: z.string(),
      dry_run: z.boolean(),
      files: z.array(fileOutput()),
      /** Of exactly these changes. */
      digest: z.string(),
      program: z.string(),
      /** What the person has to do or to know. */
      note: z.string(),
    }),
  run: async (context, { dryRun, remove, expect }) => {
    refuseInSandbox(context);
    const home = codexHomeOf(context.variables);
    if (!existsSync(home))
      throw refuse('codex_missing', `there is no Codex home at ${home}; start Codex once, or set CODEX_HOME`);
    const program = hookProgramPath(context.ledgerFile, context.variables);
    const plans = remove ? planRemoval(home, program) : planInstallation(home, program, await eventsOf(context));
    const digest = planDigest(plans);
    if (expect !== null && expect !== digest)
      throw refuse('file_changed', `Codex's configuration at ${home} has changed since; look at the changes again`);
    if (!dryRun) carryOut(context, plans, remove);
    const files = plans.map((plan) => ({ path: plan.path, change: changeOf(plan), diff: unifiedDiff(plan) }));
    return { codex_home: home, dry_run: dryRun, files, digest, program, note: noteOn(files, remove) };
  },
  text: ({ files, note }) =>
    [...files.map(({ path, change, diff }) => (diff === '' ? `${path}: ${change}\n` : diff)), note, '\n'].join(''),
});

/** Without a ledger there is no supervisor either that could tell: it isn't made to find that out. */
function refuseInSandbox(context: OperationContext): void {
  const isInside = existsSync(context.ledgerFile) ? isSandboxed(context) : isToolOfCodex(context.variables);
  if (isInside) throw refuse('not_supported', "Codex's configuration can't be changed from inside a sandbox");
}

async function eventsOf({ processes, variables }: OperationContext): Promise<readonly string[]> {
  const { version } = await askCodexVersion(processes, { path: variables.PATH });
  return hookEventsOf(version);
}

function carryOut(context: OperationContext, plans: readonly FilePlan[], isRemoval: boolean): void {
  const { ledgerFile, variables } = context;
  if (!isRemoval) writeHookProgram(ledgerFile, variables);
  for (const plan of plans) writePlan(plan);
  // The program goes last: a Codex that still has the old configuration would miss it.
  if (isRemoval) {
    rmSync(hookProgramPath(ledgerFile, variables), { force: true });
    // What waits there is what Codex told its hooks: nobody takes it in any more.
    rmSync(signalFolder(ledgerFile, variables), { recursive: true, force: true });
    // Nothing to write it down in.
    if (!existsSync(ledgerFile)) return;
  }
  const payload = { files: plans.map(({ path }) => path) };
  const { ledger, clock } = context;
  ledger.write(() =>
    recordEvent(ledger, { type: isRemoval ? 'hooks_removed' : 'hooks_installed', payload }, clock.now()),
  );
}

function changeOf({ before, after }: FilePlan): z.infer<ReturnType<typeof fileOutput>>['change'] {
  if (before === after) return 'none';
  return before === null ? 'created' : after === null ? 'removed' : 'changed';
}

function noteOn(files: readonly { readonly path: string; readonly change: string }[], isRemoval: boolean): string {
  if (files.every(({ change }) => change === 'none'))
    return isRemoval ? 'Nothing of ours is in it.' : 'Everything is there already.';
  if (isRemoval) return 'Sessions that run keep their hooks until they are started anew.';
  return files.some(({ path }) => path.endsWith('hooks.json'))
    ? 'Codex asks once, at its next start, whether these hooks are to be trusted: look at them there and say yes. Sessions that run are not affected.'
    : 'It counts for every session that is started from now on.';
}
