import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readHookReport } from '../codex/hookReport.ts';
import type { Connection } from '../ledger/connection.ts';
import { findSessionOfThread } from '../ledger/sessionStore.ts';
import { recordSignal } from '../ledger/signalStore.ts';
import { type FolderWatcher, systemFolderWatcher } from '../ports/folderWatcher.ts';
import type { EngineWatch } from './engine.ts';
import { makeFolder } from '../ports/makeFolder.ts';

export interface HookSignalOptions {
  readonly ledger: Connection;
  /** Where Codex's hooks leave their reports, a file each. */
  readonly folder: string;
  readonly onSignal: () => void;
  readonly onError: (error: unknown) => void;
  readonly watcher?: FolderWatcher;
}

/** A report larger than this is none. */
const mostBytes = 256 * 1024;

/** Takes in what Codex's hooks report, as soon as it is there. Threads that are nobody's are dropped, unread. */
export function watchHookSignals(options: HookSignalOptions): EngineWatch {
  const { folder, onError } = options;
  const drain = () => {
    try {
      if (takeReports(options)) options.onSignal();
    } catch (error) {
      onError(error);
    }
  };
  try {
    makeFolder(folder);
  } catch {
    return { close: () => {} }; // nothing can be left there, either
  }
  const watch = (options.watcher ?? systemFolderWatcher).watch(folder, drain);
  drain();
  return watch;
}

/** True when a report was news. */
function takeReports({ ledger, folder }: HookSignalOptions): boolean {
  let isNews = false;
  for (const name of readdirSync(folder)
    .filter((one) => one.endsWith('.json'))
    .toSorted()) {
    const file = join(folder, name);
    const found = statSync(file, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) continue; // another engine took it, or it is none
    const report = found.size <= mostBytes ? readHookReport(readOrEmpty(file)) : null;
    const session = report === null ? null : findSessionOfThread(ledger, report.threadId);
    if (report !== null && session !== null) {
      const signal = { source: 'hook', kind: report.kind, at: Math.round(found.mtimeMs) } as const;
      isNews = ledger.write(() => recordSignal(ledger, session.id, signal)) || isNews;
    }
    rmSync(file, { force: true });
  }
  return isNews;
}

/** One that can't be read says nothing, and must not keep the others from being taken in. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
