import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from '../domain/errors.ts';
import { ledgerJson } from '../domain/json.ts';
import { makeFolder } from '../ports/makeFolder.ts';
import type { Session } from '../ledger/sessionStore.ts';

/** The rollout of a session that no Codex stands behind: one head line, so that it can be read like any other. */
export interface DisposableRollout {
  readonly path: string;
  readonly threadId: string;
  /** False when it was there already, as this session's own: it is never written again (CP-48). */
  readonly isNew: boolean;
}

const originator = 'conveyor create-disposable-binding';

/** Spaces, slashes and the like become `-`; the rest of a name stays. */
function rolloutSlug(name: string): string {
  const slug = name.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return slug === '' ? 'session' : slug;
}

/**
 * Creates the rollout of a session, or finds the one that it has. A file that is there already is never touched: names
 * that differ only in punctuation get files of their own (CP-48). Throws `state_root_unwritable`.
 */
export function claimRollout(folder: string, name: string, cwd: string, known: Session | null): DisposableRollout {
  ensureFolder(folder);
  const slug = rolloutSlug(name);
  const owned = known?.codex_session_path ?? null;
  for (let number = 1; ; number += 1) {
    const stem = number === 1 ? slug : `${slug}-${number}`;
    const path = join(folder, `rollout-${stem}.jsonl`);
    const threadId = `codex-${stem}`;
    if (owned === path && known?.codex_session_id === threadId) return { path, threadId, isNew: false };
    if (createFile(path, headLine(threadId, cwd))) return { path, threadId, isNew: true };
  }
}

/** Takes back what was created for a binding that could not be made. */
export function discardRollouts(rollouts: readonly DisposableRollout[]): void {
  for (const { path } of rollouts.filter(({ isNew }) => isNew)) rmSync(path, { force: true });
}

function headLine(id: string, cwd: string): string {
  return `${ledgerJson({ type: 'session_meta', payload: { id, cwd, originator } })}\n`;
}

/** False when the file exists. */
function createFile(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw cannotCreate(path, error);
  }
}

/** Apart from its files: a file in the place of the folder "exists" as well, under every name that is tried. */
function ensureFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw cannotCreate(folder, error);
  }
}

function cannotCreate(path: string, cause: unknown) {
  const what = `cannot create ${path} (${codeOf(cause)}); choose a folder with --session-dir`;
  return refuse('state_root_unwritable', what, { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'error';
}
