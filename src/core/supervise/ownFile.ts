import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from '../domain/errors.ts';
import { makeFolder } from '../ports/makeFolder.ts';
import { isFolder } from '../ports/isFolder.ts';

// An agent may write below the state root, a sandboxed one too, but not where a link planted there would lead us.

/**
 * A folder of ours below the state root, made where it is missing, for the user only. Throws `state_root_unwritable`, also
 * when something on the way is a link.
 */
export function ownFolder(root: string, ...parts: readonly string[]): string {
  if (!existsSync(root)) makeFolder(root);
  let folder = root;
  for (const part of parts) {
    folder = join(folder, part);
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      if (isRealFolder(folder)) continue;
      const advice = 'it must be a folder of its own; check what stands there and the permissions of the state root';
      throw refuse('state_root_unwritable', `cannot use ${folder}: ${advice}`, { cause: error });
    }
  }
  return folder;
}

/** Writes the whole file, 0600. A link of that name is replaced, not followed. Throws `state_root_unwritable`. */
export function replaceOwnFile(folder: string, name: string, content: string): string {
  const file = join(folder, name);
  const draft = join(folder, `.${name}.${process.pid}.new`);
  try {
    rmSync(draft, { force: true });
    writeFileSync(draft, content, { flag: 'wx', mode: 0o600 });
    renameSync(draft, file);
    return file;
  } catch (error) {
    rmSync(draft, { force: true });
    throw refuse('state_root_unwritable', `cannot write ${file}; check the state root's permissions`, { cause: error });
  }
}

export function isRealFolder(path: string): boolean {
  return isFolder(path, { followsLinks: false });
}
