import * as z from 'zod/mini';

import { criterionCounts } from './snapshot.ts';

/**
 * The contract between the dashboard's page and its server. Whole views only, pushed when something changed: a page that
 * was away lost nothing.
 */

const text = z.string();
const nullableText = z.nullable(z.string());
const count = z.int().check(z.nonnegative());

/** One thing that the person did here and what came of it. */
export const receipt = z.object({
  id: count,
  at: text,
  /** The operation that ran, as the command line calls it. */
  operation: text,
  /** Whom or what it was about. */
  subject: text,
  state: z.enum(['running', 'done', 'refused']),
  /** One sentence: what was done, or why not. */
  message: text,
  facts: z.array(z.object({ label: text, value: text })),
});
export type Receipt = z.infer<typeof receipt>;

const dashboardTask = z.object({
  name: text,
  goal: text,
  state: text,
  worker: nullableText,
  manager: nullableText,
  criteria: criterionCounts,
  lastCycle: z.nullable(
    z.object({ id: z.int(), at: text, outcome: text, workerState: nullableText, error: nullableText }),
  ),
});
export type DashboardTask = z.infer<typeof dashboardTask>;

const dashboardSession = z.object({
  name: text,
  role: z.enum(['worker', 'manager']),
  /** busy, idle, needs approval …, as the trees say it. */
  word: text,
  needsYou: z.boolean(),
  /** What it waits for or why its state is in doubt, in a sentence. */
  note: nullableText,
  task: nullableText,
  cwd: text,
  tmux: nullableText,
  /** Why no terminal can be opened; null when one can. */
  noTerminal: nullableText,
});
export type DashboardSession = z.infer<typeof dashboardSession>;

const conversationStep = z.object({
  kind: z.enum(['manager_decision', 'dispatch_attempt', 'routed_notification', 'worker_receipt', 'manager_cycle']),
  label: text,
  detail: text,
});

const chain = z.object({
  key: text,
  at: text,
  title: text,
  state: text,
  correlationId: nullableText,
  cycleId: z.nullable(z.int()),
  decisionId: z.nullable(z.int()),
  sourceEventId: z.nullable(z.int()),
  attempts: count,
  notifications: count,
  isAtRisk: z.boolean(),
  blocked: nullableText,
  conversation: z.array(conversationStep),
});
export type DashboardChain = z.infer<typeof chain>;

const dispatchBanner = z.object({
  status: z.enum(['active', 'rehearsing', 'stale', 'not_observed']),
  message: text,
  dispatcherId: nullableText,
  leader: nullableText,
  iteration: z.nullable(count),
  processed: z.nullable(count),
  isDryRun: z.boolean(),
  /** Of the newer of lease and heartbeat, at `takenAt`. */
  heartbeatAgeMs: z.nullable(count),
});

const taskDetail = z.object({
  counts: z.object({ queued: count, failed: count, staleClaims: count, atRisk: count, suppressed: count }),
  inbox: z.object({
    pending: count,
    consumed: count,
    pullRequired: count,
    sessions: z.array(z.object({ name: text, pending: count, consumed: count, latestConsumedAt: nullableText })),
  }),
  chains: z.array(chain),
  finish: z.nullable(z.object({ id: text, state: text })),
});

export const dashboardView = z.object({
  takenAt: text,
  ledgerPath: text,
  ledgerExists: z.boolean(),
  /** Where sessions start that are started here. */
  cwd: text,
  task: z.nullable(dashboardTask),
  tasks: z.array(z.object({ name: text, state: text })),
  sessions: z.array(dashboardSession),
  dispatch: dispatchBanner,
  detail: z.nullable(taskDetail),
  problems: z.array(text),
  receipts: z.array(receipt),
});
export type DashboardView = z.infer<typeof dashboardView>;

/** A Codex that runs in tmux and is not registered. */
export const candidate = z.object({ tmuxSession: text, pid: z.int(), cwd: text, title: text });
export type Candidate = z.infer<typeof candidate>;

const required = text.check(z.minLength(1));

/** What the page may ask for: operations of core, each with the inputs that it may give. */
export const dashboardControls = {
  tasks: z.strictObject({ create: required, goal: required }),
  pair: z.strictObject({
    task: required,
    taskGoal: z.optional(text),
    workerName: required,
    managerName: required,
    taskPrompt: required,
    cwd: required,
  }),
  'register-worker': z.strictObject({ name: required, tmuxSession: required, pid: z.int(), cwd: required }),
  'register-manager': z.strictObject({ name: required, tmuxSession: required, pid: z.int(), cwd: required }),
  bind: z.strictObject({ task: required, worker: required, manager: required }),
  cycle: z.strictObject({ task: required }),
  'session-nudge': z.strictObject({ name: required, text: required }),
  'session-interrupt': z.strictObject({ name: required, followup: z.optional(required) }),
  'finish-task': z.strictObject({
    task: required,
    reason: required,
    stopWorker: z.boolean(),
    stopManager: z.boolean(),
  }),
  'export-task': z.strictObject({ task: required, zip: z.boolean() }),
} as const;
export type DashboardControl = keyof typeof dashboardControls;
export type ControlInput<Name extends DashboardControl> = z.infer<(typeof dashboardControls)[Name]>;

/** What the page asks of its server. */
export interface DashboardHost {
  /** The page is there, or about another task now: sends the view as the answer, and what changes in it from then on. */
  ready(task: string | null): Promise<DashboardView>;
  /** Runs one operation to its end; a refusal is a receipt, not an exception. */
  run(control: DashboardControl, input: unknown): Promise<Receipt>;
  /** Running Codex sessions in tmux that are not registered. */
  candidates(): Promise<readonly Candidate[]>;
  /** What stands against finishing the page's task now, one sentence each; shown before the question is asked. */
  finishObstacles(): Promise<readonly string[]>;
}

/** What the server tells the page. */
export interface DashboardPageEvents {
  show(view: DashboardView): void;
  /** Nothing changed but who dispatches and when that was seen last. */
  beat(change: Pick<DashboardView, 'takenAt' | 'dispatch'>): void;
  /** The timeline wants this session's terminal in front. */
  openTerminal(session: string): void;
}

export const terminalAccesses = ['watch', 'takeOver'] as const;
export type TerminalAccess = (typeof terminalAccesses)[number];

/** What a page may say to its terminal beside keys, which are binary frames. */
export const terminalControl = z.strictObject({
  type: z.literal('resize'),
  cols: z.int().check(z.minimum(2), z.maximum(500)),
  rows: z.int().check(z.minimum(2), z.maximum(500)),
});

/** What a terminal's server says beside output, which are binary frames. */
export const terminalNotice = z.object({ type: z.enum(['attached', 'ended', 'refused']), message: text });
export type TerminalNotice = z.infer<typeof terminalNotice>;

/** Frames above this size end a connection. Bytes. */
export const largestFrame = 64 * 1024;
