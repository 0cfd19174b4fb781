import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { isFolder } from '../ports/isFolder.ts';
import { flag, optionalText } from './argument.ts';
import { type BundledSkill, bundledSkill, bundledSkillNames } from './bundledSkills.ts';
import { defineOperation } from './operation.ts';
import { expandHome, type OperationContext } from './operationContext.ts';
import {
  bundledContent,
  isSameContent,
  keepCopy,
  readFolderContent,
  readReceipt,
  realTarget,
  stageSkill,
  swapSkill,
} from './skillFolder.ts';
import { codexHomeOf } from './userFolders.ts';

interface SkillPlan {
  readonly name: string;
  readonly bundled: BundledSkill;
  /** Where Codex looks. */
  readonly target: string;
  /** Where that leads, if it is a link. */
  readonly place: string;
  readonly change: 'created' | 'updated' | 'unchanged';
  readonly isEdited: boolean;
}

const skillOutput = () =>
  z.object({
    name: z.string(),
    source: z.string(),
    target: z.string(),
    change: z.enum(['created', 'updated', 'unchanged']),
    /** Where a copy of what somebody had changed is kept; a dry run says where it would be. */
    kept: z.nullable(z.string()),
  });

/**
 * Gives Codex our two skills. Both or neither: each is complete beside its place before the first is moved there, and
 * what somebody changed in an installed one is copied first (AT-17). Opens no ledger.
 */
export const installSkills = defineOperation({
  name: 'install-skills',
  summary: "Install the skills manage-codex-workers and codex-review into Codex's home.",
  effect: 'writes',
  inputs: {
    codexHome: optionalText("Codex's home; $CODEX_HOME or ~/.codex when left out", { placeholder: 'FOLDER' }),
    dryRun: flag('say what would be installed, and install nothing'),
    json: flag('print JSON'),
  },
  output: () => z.object({ codex_home: z.string(), dry_run: z.boolean(), skills: z.array(skillOutput()) }),
  run: (context, { codexHome, dryRun }) => {
    const { variables, cwd } = context;
    const home = codexHome === null ? codexHomeOf(variables) : resolve(cwd, expandHome(codexHome, variables));
    const keptFolder = join(home, 'skills-kept');
    const plans = bundledSkillNames.map((name) => plan(bundledSkill(context.runtime, name), home));
    const kept = dryRun
      ? plans.map(({ name, isEdited }) => (isEdited ? join(keptFolder, keptName(context, name)) : null))
      : carryOut(context, plans, keptFolder);
    return {
      codex_home: home,
      dry_run: dryRun,
      skills: plans.map(({ name, target, change }, index) => ({
        name,
        source: `agent-conveyor:${name}`,
        target,
        change,
        kept: kept[index] ?? null,
      })),
    };
  },
  text: ({ dry_run: isDry, codex_home: home, skills }) =>
    [
      `${isDry ? 'Would install' : 'Installed'} skills for Codex in ${home}:`,
      ...skills.flatMap(({ name, target, change, kept }) => [
        `  ${name} -> ${target} (${change})`,
        ...(kept === null ? [] : [`    local changes ${isDry ? 'would be kept' : 'are kept'} in ${kept}`]),
      ]),
      '',
    ].join('\n'),
});

function plan(bundled: BundledSkill, home: string): SkillPlan {
  const { name } = bundled;
  const target = join(home, 'skills', name);
  try {
    const place = realTarget(target);
    if (!existsSync(place)) return { name, bundled, target, place, change: 'created', isEdited: false };
    if (!isFolder(place)) return { name, bundled, target, place, change: 'updated', isEdited: true };
    const [theirs, left] = [readFolderContent(place), readReceipt(place)];
    const isOurs = isSameContent(bundledContent(bundled), theirs);
    const isUntouched = isOurs || (left !== null && isSameContent(left, theirs));
    return {
      name,
      bundled,
      target,
      place,
      change: isOurs && left !== null ? 'unchanged' : 'updated',
      isEdited: !isUntouched,
    };
  } catch (error) {
    throw failed(target, error);
  }
}

/** Paths of the copies that were kept, in the order of the plans. */
function carryOut(context: OperationContext, plans: readonly SkillPlan[], keptFolder: string): (string | null)[] {
  const changes = plans.filter(({ change }) => change !== 'unchanged');
  const staged = new Map<SkillPlan, string>();
  const swapped: ReturnType<typeof swapSkill>[] = [];
  let at = keptFolder;
  try {
    for (const one of changes) staged.set(one, stageSkill(one.bundled, (at = one.place)));
    at = keptFolder;
    const kept = plans.map(({ isEdited, name, place }) =>
      isEdited ? keepCopy(place, keptFolder, keptName(context, name)) : null,
    );
    for (const [one, folder] of staged) swapped.push(swapSkill(folder, (at = one.place)));
    return kept;
  } catch (error) {
    for (const one of swapped.splice(0).toReversed()) one.undo();
    throw failed(at, error);
  } finally {
    for (const one of swapped) one.settle();
    for (const folder of staged.values()) rmSync(folder, { recursive: true, force: true });
  }
}

function keptName({ clock }: OperationContext, name: string): string {
  return `${name}-${formatTimestamp(clock.now()).replaceAll(/[-:]/g, '')}`;
}

function failed(path: string, error: unknown) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
  return refuse(
    'install_failed',
    `nothing was installed: cannot work in ${path} (${code}); see that you may write there, and that no link leads nowhere`,
    { cause: error },
  );
}
