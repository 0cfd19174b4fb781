import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ConveyorError } from '../domain/errors.ts';
import { dayFolder } from './discoverThread.ts';
import { readRolloutHead } from './rolloutHead.ts';
import { parseRolloutFileName, type RolloutHeader } from './rolloutHeader.ts';
import type { ThreadCandidate } from './threadCandidate.ts';

/** So many files at most are opened for one answer, newest first. */
const filesLooked = 200;

/** Threads whose rollouts of these days were begun in this folder, newest first; sub-agents' left out. */
export function threadsByFolder(
  codexHome: string,
  cwd: string | null,
  days: readonly Date[],
): readonly ThreadCandidate[] {
  if (cwd === null) return [];
  return recentRollouts(codexHome, days).flatMap((path): ThreadCandidate[] => {
    const header = headerOrNull(path);
    if (header === null || header.origin.kind === 'subagent' || header.cwd !== cwd) return [];
    const reason = `its rollout was begun in ${cwd}${header.createdAt === null ? '' : ` at ${header.createdAt}`}`;
    const { threadId } = header;
    return [{ threadId, rolloutPath: path, pid: null, strategy: 'folder_and_time', confidence: 'likely', reason }];
  });
}

function recentRollouts(codexHome: string, days: readonly Date[]): readonly string[] {
  const folders = [...new Set(days.map((day) => join(codexHome, 'sessions', dayFolder(day))))];
  const found = folders.flatMap((folder) =>
    list(folder).flatMap((name) => {
      const parsed = parseRolloutFileName(name);
      return parsed === null || parsed.isCompressed ? [] : [{ path: join(folder, name), at: parsed.localTime }];
    }),
  );
  return found
    .toSorted((left, right) => (left.at < right.at ? 1 : -1))
    .slice(0, filesLooked)
    .map(({ path }) => path);
}

function headerOrNull(path: string): RolloutHeader | null {
  try {
    return readRolloutHead(path).header;
  } catch (error) {
    if (ConveyorError.is(error)) return null; // empty, torn or gone: it says nothing
    throw error;
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
