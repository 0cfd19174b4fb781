import { closeSync, openSync, realpathSync } from 'node:fs';
import { type CodexVersion, isAtLeast } from '../codex/codexVersion.ts';
import type { DiscoveryStrategy } from '../codex/threadCandidate.ts';
import type { HostFacts } from '../ports/hostFacts.ts';

export interface StrategyCheck {
  readonly strategy: DiscoveryStrategy;
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
  /** A server that all TUIs of this home share answers. */
  readonly hasServer: boolean;
  /** This very command runs in a Codex. */
  readonly ownThreadId: string | null;
}

/** Which ways of finding a session's rollout work here: tried where it can be, else told by Codex's version. */
export function checkDiscovery(machine: Machine): readonly StrategyCheck[] {
  return [
    openRollout(machine),
    writerLock(machine),
    ownEnvironment(machine),
    paneTitle(machine),
    appServer(machine),
    folderAndTime(machine),
    statusScreen(machine),
    explicitPath,
  ];
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

function ownEnvironment({ ownThreadId }: Machine): StrategyCheck {
  const base = { strategy: 'own_environment', confidence: 'certain' } as const;
  if (ownThreadId === null) return { ...base, works: false, reason: 'no Codex runs this command' };
  return { ...base, works: true, reason: 'a Codex that registers itself needs neither pid nor file' };
}

function appServer(machine: Machine): StrategyCheck {
  const base = { strategy: 'app_server', confidence: 'likely' } as const;
  const obstacle = versionObstacle(machine, 160);
  if (obstacle !== null) return { ...base, works: false, reason: obstacle };
  if (machine.isSandboxed) return { ...base, works: false, reason: 'a sandbox hides the processes outside' };
  if (!machine.hasServer) return { ...base, works: false, reason: 'no shared background server runs for this home' };
  return {
    ...base,
    works: true,
    reason: 'by folder and start, for sessions on the shared server; ambiguous is refused',
  };
}

function folderAndTime(machine: Machine): StrategyCheck {
  const base = { strategy: 'folder_and_time', confidence: 'likely' } as const;
  if (machine.isSandboxed) return { ...base, works: false, reason: 'a sandbox hides the processes outside' };
  return {
    ...base,
    works: true,
    reason: 'where nothing else answers and one rollout alone fits; ambiguous is refused',
  };
}

function statusScreen(machine: Machine): StrategyCheck {
  const base = { strategy: 'status_screen', confidence: 'certain' } as const;
  if (!machine.hasTmux) return { ...base, works: false, reason: 'tmux is missing' };
  if (machine.isSandboxed) return { ...base, works: false, reason: 'tmux is out of reach inside a sandbox' };
  const obstacle = versionObstacle(machine, 40);
  if (obstacle !== null) return { ...base, works: false, reason: obstacle };
  return { ...base, works: true, reason: 'only when asked for with --ask-status, and only of an idle Codex' };
}

const explicitPath: StrategyCheck = {
  strategy: 'explicit_path',
  works: true,
  confidence: 'certain',
  reason: 'name the rollout or the thread with --codex-session when a session is registered',
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
