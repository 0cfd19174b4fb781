import { basename, join, sep } from 'node:path';
import type { HostFacts } from '../ports/hostFacts.ts';
import { isBackgroundServer } from './codexProcess.ts';
import { readRolloutHead, type RolloutHead } from './rolloutHead.ts';
import { parseRolloutFileName } from './rolloutHeader.ts';

/**
 * Rollout files that a process or its descendants hold open, newest thread first; several only when the choice is open.
 *
 * Sub-agents' files are left out, and so are older ones of the same process: after `/new` Codex may hold two
 * (facts/codex.md, section 2). A process that serves several sessions gives several candidates, for the caller to refuse.
 */
export function rolloutsHeldOpen(
  host: HostFacts,
  pid: number,
  variables: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  // The server that all sessions of a home share holds everybody's, whoever happened to start it.
  const isServer = isBackgroundServer(host.commandLine(pid));
  const own = isServer ? [] : ownRollouts(host.openFiles(pid), variables);
  if (own.length > 0) return newest(own);
  const codexes = descendants(host, pid).filter((child) => isCodex(host.commandLine(child)));
  return newest(codexes.flatMap((child) => ownRollouts(host.openFiles(child), variables)));
}

/** Below a shell or a test runner anybody may hold a rollout open; the session's own is held by a Codex. */
function isCodex([program = '', script = '']: readonly string[]): boolean {
  return basename(program).startsWith('codex') || /^codex(?:\.js)?$/.test(basename(script));
}

interface OpenRollout {
  readonly file: string;
  readonly head: RolloutHead | null;
}

function ownRollouts(files: readonly string[], variables: Readonly<Record<string, string | undefined>>): OpenRollout[] {
  return files
    .filter((file) => isRolloutFile(file, variables))
    .map((file) => ({ file, head: headOrNull(file) }))
    .filter(({ head }) => head?.header.origin.kind !== 'subagent');
}

function newest(rollouts: readonly OpenRollout[]): readonly string[] {
  const folders = new Set(rollouts.map(({ head }) => head?.header.cwd ?? ''));
  const sorted = rollouts
    .map(({ file }) => file)
    .toSorted((left, right) => (basename(left) < basename(right) ? 1 : -1));
  // Rollouts of one folder are one session after /new; of several folders they are several sessions on one server.
  return folders.size <= 1 ? sorted.slice(0, 1) : sorted;
}

function isRolloutFile(file: string, { CODEX_HOME, HOME }: Readonly<Record<string, string | undefined>>): boolean {
  if (!file.endsWith('.jsonl')) return false;
  if (file.includes(`${sep}.codex${sep}sessions${sep}`)) return true;
  const home = CODEX_HOME ?? (HOME === undefined ? null : join(HOME, '.codex'));
  const isInHome = home !== null && file.startsWith(join(home, 'sessions') + sep);
  return isInHome || (file.includes(`${sep}sessions${sep}`) && parseRolloutFileName(basename(file)) !== null);
}

function headOrNull(file: string): RolloutHead | null {
  try {
    return readRolloutHead(file);
  } catch {
    return null;
  }
}

function descendants(host: HostFacts, pid: number): number[] {
  const found: number[] = [];
  for (let queue = [...host.children(pid)]; queue.length > 0;) {
    const [next, ...others] = queue;
    if (next === undefined || found.includes(next)) {
      queue = others;
      continue;
    }
    queue = others;
    if (isBackgroundServer(host.commandLine(next))) continue;
    found.push(next);
    queue = [...others, ...host.children(next)];
  }
  return found;
}
