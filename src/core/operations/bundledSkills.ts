import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { refuse } from '../domain/errors.ts';
import type { ShimRuntime } from './shim.ts';

/** In the order in which they are installed. */
export const bundledSkillNames = ['manage-codex-workers', 'codex-review'] as const;
export type BundledSkillName = (typeof bundledSkillNames)[number];

export interface BundledSkill {
  readonly name: BundledSkillName;
  /** Folders whose content makes up the installed skill, and where in it each goes; '' is its top. */
  readonly parts: readonly { readonly source: string; readonly below: string }[];
}

/**
 * A skill that this release brings along: in an installed extension beside `dist`, and in a checkout. The guides of
 * `docs/` go with the skill that refers to them. Throws `install_failed`.
 */
export function bundledSkill({ cli }: ShimRuntime, name: BundledSkillName): BundledSkill {
  const program = existsSync(cli) ? realpathSync(cli) : cli;
  const root = [dirname(dirname(program)), dirname(dirname(dirname(program)))].find((folder) =>
    existsSync(join(folder, 'media', 'skills', name, 'SKILL.md')),
  );
  const guides = join(root ?? '', 'docs', 'guides');
  const needsGuides = name === 'manage-codex-workers';
  if (root === undefined || (needsGuides && !existsSync(guides))) {
    throw refuse(
      'install_failed',
      `the bundled skill ${name} is missing beside ${program}; install Agent Conveyor anew to get it back`,
    );
  }
  const own = { source: join(root, 'media', 'skills', name), below: '' };
  return { name, parts: needsGuides ? [own, { source: guides, below: 'references' }] : [own] };
}
