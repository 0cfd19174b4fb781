import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConveyorError, refuse } from '../domain/errors.ts';
import { makeFolder } from '../ports/makeFolder.ts';

interface NewFile {
  readonly path: string;
  readonly bytes: Buffer | string;
  /** As the umask has it when left out. */
  readonly mode?: number;
}

/** Files that are written, but not yet under their names: they appear once there is a record of them, or not at all. */
export interface StagedFiles {
  publish(): void;
  discard(): void;
}

/** Makes folders as needed. Throws `file_unreadable` for a place that cannot be written. */
export function stageFiles(files: readonly NewFile[]): StagedFiles {
  const staged: { readonly path: string; readonly temporary: string }[] = [];
  const discard = () => {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
  };
  for (const { path, bytes, mode } of files) {
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      makeFolder(dirname(path));
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw unwritable(path, 'it is a folder');
      writeFileSync(temporary, bytes, { flag: 'wx', mode });
      staged.push({ path, temporary });
    } catch (error) {
      discard();
      throw unwritable(path, error);
    }
  }
  return {
    publish: () => {
      for (const { path, temporary } of staged) rename(temporary, path);
    },
    discard,
  };
}

function rename(temporary: string, path: string): void {
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): ConveyorError {
  if (error instanceof ConveyorError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return refuse('file_unreadable', `cannot write ${path} (${code})`, { cause: error });
}
