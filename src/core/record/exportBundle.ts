import { existsSync, lstatSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { makeFolder } from '../ports/makeFolder.ts';
import { exportFileNames } from './exportFiles.ts';
import { archiveName, manifestName } from './stageExport.ts';

const manifestShape = z.looseObject({ task: z.looseObject({ id: z.string() }) });

/** `d.v1` becomes `d.v1.zip`: what looks like a suffix belongs to the name (AT-9). */
export function archiveOf(folder: string): string {
  return `${folder}.zip`;
}

/**
 * Refuses to write where something else is: files that an earlier export of the same task did not write, or its archive.
 * Throws `export_exists`. Reads only.
 */
export function refuseForeign(folder: string, taskId: string, withArchive: boolean): void {
  if (existsSync(folder) && !lstatSync(folder).isDirectory())
    throw refuse('export_exists', `${folder} is no folder; give another one with --output`);
  if (!isOwnManifest(readText(join(folder, manifestName)), taskId)) {
    const taken = [...exportFileNames, manifestName].find((name) => existsSync(join(folder, name)));
    if (taken !== undefined) {
      throw refuse(
        'export_exists',
        `${join(folder, taken)} is not of an earlier export of this task; give another folder with --output`,
      );
    }
  }
  const archive = archiveOf(folder);
  if (withArchive && existsSync(archive) && !isOwnManifest(manifestIn(archive), taskId)) {
    throw refuse(
      'export_exists',
      `${archive} is not the archive of an earlier export of this task; move it away, or give another folder with --output`,
    );
  }
}

/**
 * Has an export made beside its folder first, then moves it in place file by file, the manifest last; what an earlier
 * export of the task left and this one does not have goes. Call `refuseForeign` before. Resolves with the names it wrote.
 */
export async function writeBundle(
  folder: string,
  withArchive: boolean,
  makeIn: (stage: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  makeFolder(dirname(folder));
  const stage = mkdtempSync(join(dirname(folder), `.${basename(folder)}-`));
  try {
    const names = await makeIn(stage);
    makeFolder(folder);
    for (const name of exportFileNames) if (!names.includes(name)) rmSync(join(folder, name), { force: true });
    for (const name of names) moveInto(folder, stage, name);
    if (withArchive) renameSync(join(stage, archiveName), archiveOf(folder));
    return names;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function moveInto(folder: string, stage: string, name: string): void {
  const file = join(folder, name);
  makeFolder(dirname(file));
  renameSync(join(stage, name), file);
}

function manifestIn(archive: string): string | null {
  try {
    const found = unzipSync(readFileSync(archive), { filter: ({ name }) => name === manifestName })[manifestName];
    return found === undefined ? null : strFromU8(found);
  } catch {
    // Whatever it is, it is none of ours.
    return null;
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function isOwnManifest(text: string | null, taskId: string): boolean {
  if (text === null) return false;
  try {
    return manifestShape.parse(JSON.parse(text)).task.id === taskId;
  } catch {
    return false;
  }
}
