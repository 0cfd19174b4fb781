import { existsSync, lstatSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { addNotify, removeNotify } from '../codex/hookConfig.ts';
import { addHooks, eventsWith, removeHooks } from '../codex/hooksFile.ts';
import { refuse } from '../domain/errors.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import { makeFolder } from '../ports/makeFolder.ts';

/** What becomes of one file of Codex's configuration. */
export interface FilePlan {
  readonly path: string;
  readonly before: string | null;
  /** Null: the file goes. */
  readonly after: string | null;
  /** What is done with the copy of how it was before us: made from `before`, thrown away, or left. */
  readonly copy: 'make' | 'drop' | 'leave';
}

/** `events` empty: this Codex has no hooks, only `notify`. */
export function planInstallation(home: string, program: string, events: readonly string[]): readonly FilePlan[] {
  const { hooks, config } = filesIn(home);
  const file = events.length === 0 ? config : hooks;
  const before = readOrNull(file);
  const after = events.length === 0 ? addNotify(before, program) : addHooks(before, quoteForShell(program), events);
  if (before === after) return [{ path: file, before, after, copy: 'leave' }];
  // What is ours already, or another ledger's, is not how it was before: that copy was made then.
  const copy = before === null ? 'drop' : hasOurs(before) ? 'leave' : 'make';
  return [{ path: file, before, after, copy }];
}

/**
 * Takes our entries out, and gives back the very bytes where nothing else changed since. The copy goes with the last
 * entry of any ledger.
 */
export function planRemoval(home: string, program: string): readonly FilePlan[] {
  const { hooks, config } = filesIn(home);
  const command = quoteForShell(program);
  return [
    removal(hooks, {
      edit: (before) => removeHooks(before, command),
      redo: (copy, before) => addHooks(copy, command, eventsWith(before, command)),
    }),
    removal(config, {
      edit: (before) => removeNotify(before, program),
      redo: (copy) => addNotify(copy, program),
    }),
  ].filter(({ before, after, copy }) => before !== after || copy === 'drop');
}

interface Undo {
  /** Without our entries. */
  readonly edit: (before: string) => string | null;
  /** What we would make of the copy today: the same as the file, when only we have touched it. */
  readonly redo: (copy: string, before: string) => string;
}

function removal(path: string, { edit, redo }: Undo): FilePlan {
  const before = readOrNull(path);
  const copy = readOrNull(copyOf(path));
  const dropped = copy === null ? 'leave' : 'drop';
  if (before === null) return { path, before, after: null, copy: dropped };
  const edited = edit(before);
  if (edited === before) return { path, before, after: before, copy: hasOurs(before) ? 'leave' : dropped };
  const isOnlyOurs = copy !== null && attempt(() => redo(copy, before)) === before;
  // A file that we made and that has nothing else goes again.
  const after = isOnlyOurs ? copy : edited === '' && copy === null ? null : edited;
  return { path, before, after, copy: after !== null && hasOurs(after) ? 'leave' : dropped };
}

/** Null for a copy that nothing can be made of. */
function attempt(make: () => string): string | null {
  try {
    return make();
  } catch {
    return null;
  }
}

/** An entry of this or of any other ledger's. */
function hasOurs(text: string): boolean {
  return /agent-conveyor\/[^/"']+\/codex-hook/.test(text);
}

/** What will be done to the files, in the form that `patch` takes; empty when nothing is. */
export function unifiedDiff({ path, before, after }: FilePlan): string {
  if (before === after) return '';
  const [from, to] = [before === null ? '/dev/null' : path, after === null ? '/dev/null' : path];
  return createTwoFilesPatch(from, to, before ?? '', after ?? '', undefined, undefined, {
    headerOptions: FILE_HEADERS_ONLY,
  });
}

/** Tells one set of changes from another: what is carried out must be what was shown. */
export function planDigest(plans: readonly FilePlan[]): string {
  const said = JSON.stringify(plans.map(({ path, before, after }) => [path, before, after]));
  return createHash('sha256').update(said).digest('hex').slice(0, 16);
}

export function writePlan({ path: named, before, after, copy }: FilePlan): void {
  // A link stays one: dotfiles are often kept elsewhere.
  const path = existsSync(named) ? realpathSync(named) : named;
  if (copy === 'make' && before !== null) replaceFile(copyOf(named), before, path);
  if (before !== after && after === null) rmSync(path, { force: true });
  else if (before !== after && after !== null) replaceFile(path, after, path);
  if (copy === 'drop') rmSync(copyOf(named), { force: true });
}

/** In one step, and as readable as the file it goes with. */
function replaceFile(path: string, text: string, like: string): void {
  makeFolder(dirname(path));
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, text, { mode: lstatSync(like, { throwIfNoEntry: false })?.mode ?? 0o600 });
  renameSync(draft, path);
}

/** Beside the file itself, where a link leads. */
function copyOf(named: string): string {
  return `${existsSync(named) ? realpathSync(named) : named}.before-conveyor`;
}

function filesIn(home: string): { readonly hooks: string; readonly config: string } {
  return { hooks: join(home, 'hooks.json'), config: join(home, 'config.toml') };
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw refuse('file_unreadable', `cannot read ${file}; see whether it is yours`, { cause: error });
  }
}
