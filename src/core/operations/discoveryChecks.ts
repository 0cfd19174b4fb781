import { closeSync, openSync, realpathSync } from 'node:fs';
import { type CodexVersion, isAtLeast } from '../codex/codexVersion.ts';
import type { DiscoveryStrategy } from '../codex/discoverThread.ts';
import type { HostFacts } from '../ports/hostFacts.ts';

export interface StrategyCheck {
  readonly strategy: DiscoveryStrategy | 'explicit_path';
  readonly works: boolean;
  /** How sure its answer is where it has one. */
  readonly confidence: 'certain' | 'likely';
  readonly reason: string;
}

export interface Machine {
  readonly host: HostFacts;
  readonly hasTmux: boolean;
  /** Null when no Codex was found. */
  readonly version: CodexVersion | null;
  readonly isSandboxed: boolean;
}

/** Which ways of finding a session's rollout work here: tried where it can be, else told by Codex's version. */
export function checkDiscovery(machine: Machine): readonly StrategyCheck[] {
  return [openRollout(machine), writerLock(machine), paneTitle(machine), explicitPath];
}

function openRollout(machine: Machine): StrategyCheck {
  const base = { strategy: 'open_rollout', confidence: 'certain' } as const;
  const obstacle = filesObstacle(machine);
  if (obstacle !== null) return { ...base, works: false, reason: obstacle };
  const { version } = machine;
  if (version === null || !isAtLeast(version, 0, 81))
    return { ...base, works: true, reason: 'the files of processes show' };
  const shared = isAtLeast(version, 0, 160) ? '; not for sessions on the shared background server' : '';
  return { ...base, works: true, reason: `from a session's first message on${shared}` };
}

function writerLock(machine: Machine): StrategyCheck {
  const base = { strategy: 'writer_lock', confidence: 'certain' } as const;
  const obstacle = filesObstacle(machine) ?? versionObstacle(machine, 147);
  if (obstacle !== null) return { ...base, works: false, reason: obstacle };
  return { ...base, works: true, reason: 'from the start of a session, before it was spoken to' };
}

function paneTitle(machine: Machine): StrategyCheck {
  const base = { strategy: 'pane_title', confidence: 'likely' } as const;
  if (!machine.hasTmux) return { ...base, works: false, reason: 'tmux is missing' };
  if (machine.isSandboxed) return { ...base, works: false, reason: 'tmux is out of reach inside a sandbox' };
  const obstacle = versionObstacle(machine, 140);
  if (obstacle !== null) return { ...base, works: false, reason: obstacle };
  const reason =
    'for sessions that Conveyor starts, or with "thread-id" in tui.terminal_title; also on the shared server';
  return { ...base, works: true, reason };
}

const explicitPath: StrategyCheck = {
  strategy: 'explicit_path',
  works: true,
  confidence: 'certain',
  reason: 'name the rollout with --codex-session when a session is registered',
};

function versionObstacle({ version }: Machine, minor: number): string | null {
  if (version === null) return 'no Codex was found';
  return isAtLeast(version, 0, minor) ? null : `needs Codex 0.${minor}, this is ${version.text}`;
}

/** Opens a file and looks whether it shows: /proc may be hidden, lsof missing. */
function filesObstacle({ host, isSandboxed }: Machine): string | null {
  if (isSandboxed) return 'a sandbox hides the processes outside';
  const file = realpathSync(process.execPath);
  const descriptor = openSync(file, 'r');
  try {
    if (host.openFiles(process.pid).includes(file)) return null;
    return 'the files that a process holds open cannot be seen: /proc is hidden and lsof is missing';
  } finally {
    closeSync(descriptor);
  }
}
