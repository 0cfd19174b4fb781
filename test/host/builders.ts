import type {
  CriterionView,
  PanelSnapshot,
  SessionAttention,
  SessionView,
  TaskView,
} from '../../src/protocol/snapshot.ts';
import type { TimelineEntry } from '../../src/protocol/timeline.ts';

/** Builders of what an engine sends: valid as they are, with parts replaced where a test cares. */

export const noCriteria = { proposed: 0, accepted: 0, satisfied: 0, deferred: 0, rejected: 0 } as const;

export function aSnapshot(parts: Partial<PanelSnapshot> = {}): PanelSnapshot {
  return {
    version: 1,
    takenAt: new Date().toISOString(),
    stateRoot: '/work/demo/.codex-workers',
    ledgerPath: '/work/demo/.codex-workers/workerctl.db',
    ledgerExists: true,
    shimFolder: null,
    tmuxPath: '/usr/bin/tmux',
    codexPath: '/usr/bin/codex',
    leader: { id: 'vscode-4f2a', thisWindow: true, heartbeatAgeMs: 900 },
    dispatcher: {
      id: 'vscode-4f2a',
      processed: 14,
      iteration: 220,
      heartbeatAt: new Date().toISOString(),
      heartbeatAgeMs: 900,
    },
    tasks: [],
    sessions: [],
    criteria: [],
    attention: [],
    problems: [],
    ...parts,
  };
}

export function aTask(parts: Partial<TaskView> = {}): TaskView {
  return {
    id: 'task-1',
    name: 'login-flake',
    goal: 'Make the flaky login test pass, ten times in a row',
    state: 'managed',
    worker: 'login-flake-worker',
    manager: 'login-flake-manager',
    criteria: { ...noCriteria, accepted: 1, satisfied: 1 },
    lastCycle: null,
    deliveries: [],
    timelineVersion: 1,
    createdAt: '2026-11-26T09:00:00Z',
    updatedAt: '2026-11-26T09:00:00Z',
    ...parts,
  };
}

/** What goes with a session's plain state. */
function anAttention({ state, alive }: Partial<SessionView>): SessionAttention {
  const states = { busy: 'working', idle: 'idle', unknown: 'unknown' } as const;
  return {
    state: alive === false ? 'gone' : states[state ?? 'busy'],
    detail: null,
    reason: 'as the test says',
    since: new Date().toISOString(),
    sources: state === 'unknown' ? [] : ['rollout'],
    contradictions: [],
  };
}

export function aSession(parts: Partial<SessionView> = {}): SessionView {
  const name = parts.name ?? 'login-flake-worker';
  return {
    id: `session-${name}`,
    name,
    role: 'worker',
    registration: 'active',
    state: 'busy',
    source: 'rollout',
    observedAt: new Date().toISOString(),
    note: null,
    attention: anAttention(parts),
    question: null,
    unconfirmed: null,
    alive: true,
    task: 'login-flake',
    cwd: '/work/demo',
    pid: 4711,
    codexSessionId: '01987f2e-6f1c-7bb2-8d14-b6c2a2a1d0c4',
    terminal: { session: `codex-${name}`, target: `=codex-${name}:`, paneId: '%3', socketPath: '/tmp/tmux-0/default' },
    ...parts,
  };
}

export function aCriterion(parts: Partial<CriterionView> = {}): CriterionView {
  return {
    id: 1,
    task: 'login-flake',
    text: 'The login test passes ten times in a row',
    status: 'accepted',
    source: 'manager_inferred',
    proof: null,
    rationale: null,
    evidence: null,
    updatedAt: '2026-11-26T09:00:00Z',
    ...parts,
  };
}

export function anEntry(parts: Partial<TimelineEntry> = {}): TimelineEntry {
  return {
    id: 'commands:command-1',
    at: '2026-11-26T09:00:00Z',
    kind: 'command',
    actor: 'manager',
    toward: null,
    summary: 'nudge_worker succeeded',
    state: 'succeeded',
    severity: 'info',
    correlationId: null,
    details: [],
    ...parts,
  };
}
