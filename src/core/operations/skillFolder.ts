import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { makeFolder } from '../ports/makeFolder.ts';
import type { BundledSkill } from './bundledSkills.ts';

/** What we put into a skill's folder beside its files, to tell later whether somebody has changed them. */
const receiptName = '.agent-conveyor.json';
const receipt = z.object({ files: z.record(z.string(), z.string()) });

/** Checksums of the files below a folder by their relative paths. */
export type FolderContent = ReadonlyMap<string, string>;

/** What a skill consists of once it is installed. */
export function bundledContent({ parts }: BundledSkill): FolderContent {
  return new Map(
    parts.flatMap(({ source, below }) =>
      filesBelow(source).map((path) => [join(below, path), sumOf(join(source, path))]),
    ),
  );
}

/** What lies in a skill's folder. A link counts by where it leads, and is not followed. */
export function readFolderContent(folder: string): FolderContent {
  const sum = (path: string) => (isUnexecutable(folder, path) ? 'not executable' : sumOf(join(folder, path)));
  return new Map(filesBelow(folder).map((path) => [path, sum(path)]));
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => path !== receiptName)
    .toSorted();
}

function sumOf(path: string): string {
  if (lstatSync(path).isSymbolicLink()) return `link:${readlinkSync(path)}`;
  // Not imported: the command line starts without it (docs/adr/0003).
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function isUnexecutable(folder: string, path: string): boolean {
  return isProgram(path) && (lstatSync(join(folder, path)).mode & 0o100) === 0;
}

/** The content that we left there the last time; null where we never did, or somebody wrote over it. */
export function readReceipt(folder: string): FolderContent | null {
  try {
    return new Map(Object.entries(receipt.parse(JSON.parse(readFileSync(join(folder, receiptName), 'utf8'))).files));
  } catch {
    return null;
  }
}

export function isSameContent(one: FolderContent, other: FolderContent): boolean {
  return one.size === other.size && [...one].every(([path, sum]) => other.get(path) === sum);
}

/** Where a skill's folder really is: dotfiles are often kept elsewhere, with a link in their place. */
export function realTarget(target: string): string {
  const isLink = lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  return isLink ? realpathSync(target) : target;
}

/** A complete copy beside the place it is meant for, so that one rename puts it there. */
export function stageSkill({ parts }: BundledSkill, target: string): string {
  const staged = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
  rmSync(staged, { recursive: true, force: true });
  makeFolder(dirname(staged));
  for (const { source, below } of parts) cpSync(source, join(staged, below), { recursive: true });
  // A package that was unpacked elsewhere may have lost the modes.
  for (const path of filesBelow(staged)) chmodSync(join(staged, path), isProgram(path) ? 0o755 : 0o644);
  const content = Object.fromEntries(readFolderContent(staged));
  writeFileSync(join(staged, receiptName), `${JSON.stringify({ files: content }, null, 2)}\n`, { mode: 0o644 });
  return staged;
}

/** Puts the staged folder where it belongs. What was there is put aside, and put back when that fails. */
export function swapSkill(staged: string, target: string): { undo(): void; settle(): void } {
  const aside = join(dirname(target), `.${basename(target)}.${process.pid}.old`);
  const hadOne = existsSync(target);
  if (hadOne) renameSync(target, aside);
  const undo = () => {
    rmSync(target, { recursive: true, force: true });
    if (hadOne) renameSync(aside, target);
  };
  try {
    renameSync(staged, target);
  } catch (error) {
    if (hadOne) renameSync(aside, target);
    throw error;
  }
  return { undo, settle: () => rmSync(aside, { recursive: true, force: true }) };
}

/** Copies a folder, or whatever stands in its place, out of the way of Codex, which reads every skill below `skills`. */
export function keepCopy(target: string, keptFolder: string, name: string): string {
  makeFolder(keptFolder);
  const path = freeName(join(keptFolder, name));
  cpSync(target, path, { recursive: true, verbatimSymlinks: true, errorOnExist: true });
  return path;
}

function freeName(path: string): string {
  for (let number = 1; ; number += 1) {
    const tried = number === 1 ? path : `${path}-${number}`;
    if (!existsSync(tried)) return tried;
  }
}

function isProgram(path: string): boolean {
  return path.startsWith('scripts/');
}
