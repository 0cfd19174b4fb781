import {
  closeSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { strFromU8, unzipSync, Zip, ZipDeflate } from 'fflate';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { printedJson } from '../domain/json.ts';
import { type ExportFile, exportFileNames } from './exportFiles.ts';
import { makeFolder } from '../ports/makeFolder.ts';

export interface Bundle {
  readonly task: { readonly id: string; readonly name: string };
  readonly createdAt: string;
  readonly files: readonly ExportFile[];
}

/** How much of a file is in memory at a time. */
const pieceBytes = 1 << 20;
const manifestName = 'manifest.json';
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
 * Writes an export beside its folder first, then moves it in place file by file, the manifest last; what an earlier
 * export of the task left and this one does not have goes. Call `refuseForeign` before. Returns the names it wrote.
 */
export function writeBundle(folder: string, bundle: Bundle, withArchive: boolean): readonly string[] {
  makeFolder(dirname(folder));
  const stage = mkdtempSync(join(dirname(folder), `.${basename(folder)}-`));
  try {
    const names = stageFiles(stage, bundle);
    const archive = join(stage, 'archive.zip');
    if (withArchive) zipFiles(archive, stage, names);
    makeFolder(folder);
    for (const name of exportFileNames) if (!names.includes(name)) rmSync(join(folder, name), { force: true });
    for (const name of names) moveInto(folder, stage, name);
    if (withArchive) renameSync(archive, archiveOf(folder));
    return names;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function stageFiles(stage: string, { task, createdAt, files }: Bundle): readonly string[] {
  for (const { name, chunks } of files) write(stage, name, chunks());
  const names = files.map(({ name }) => name);
  write(stage, manifestName, [`${printedJson({ created_at: createdAt, files: names, task })}\n`]);
  return [...names, manifestName];
}

function write(folder: string, name: string, chunks: Iterable<string>): void {
  const path = join(folder, name);
  makeFolder(dirname(path));
  const file = openSync(path, 'wx', 0o600);
  try {
    let pending = '';
    for (const chunk of chunks) {
      pending += chunk;
      if (pending.length < pieceBytes) continue;
      writeFileSync(file, pending);
      pending = '';
    }
    writeFileSync(file, pending);
  } finally {
    closeSync(file);
  }
}

function moveInto(folder: string, stage: string, name: string): void {
  const file = join(folder, name);
  makeFolder(dirname(file));
  renameSync(join(stage, name), file);
}

function zipFiles(archive: string, stage: string, names: readonly string[]): void {
  const file = openSync(archive, 'wx', 0o600);
  try {
    const zip = new Zip((error, chunk) => {
      if (error !== null) throw error;
      writeFileSync(file, chunk);
    });
    for (const name of names) {
      const entry = new ZipDeflate(name, { level: 6 });
      zip.add(entry);
      pushFile(entry, join(stage, name));
    }
    zip.end();
  } finally {
    closeSync(file);
  }
}

function pushFile(entry: ZipDeflate, path: string): void {
  const file = openSync(path, 'r');
  try {
    for (;;) {
      // Fresh each time: the archive may still hold on to the piece before.
      const piece = Buffer.alloc(pieceBytes);
      const size = readSync(file, piece);
      entry.push(piece.subarray(0, size), size === 0);
      if (size === 0) return;
    }
  } finally {
    closeSync(file);
  }
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
