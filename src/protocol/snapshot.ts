import * as z from 'zod/mini';

/**
 * What the panel shows, complete at one moment. The engine sends a whole snapshot whenever something in it changed;
 * there are no deltas, so a lost or late one does no harm. Times are UTC ISO-8601 with milliseconds where known.
 * Ages are measured by the engine on a monotonic clock, at `takenAt`.
 */

const text = z.string();
const nullableText = z.nullable(z.string());
const count = z.int().check(z.nonnegative());

export const criterionStatuses = ['proposed', 'accepted', 'satisfied', 'deferred', 'rejected'] as const;
export type CriterionStatus = (typeof criterionStatuses)[number];

/** Counts by status; every status is present. */
export const criterionCounts = z.object({
  proposed: count,
  accepted: count,
  satisfied: count,
  deferred: count,
  rejected: count,
});
export type CriterionCounts = z.infer<typeof criterionCounts>;

export const taskView = z.object({
  id: text,
  name: text,
  goal: text,
  state: z.enum(['candidate', 'managed', 'paused', 'done', 'failed']),
  /** Names of the sessions of the active binding. */
  worker: nullableText,
  manager: nullableText,
  criteria: criterionCounts,
  /** The newest manager cycle, whoever ran it. */
  lastCycle: z.nullable(
    z.object({
      id: z.int(),
      at: text,
      outcome: z.enum(['started', 'succeeded', 'failed']),
      /** What the cycle saw of the worker: busy, idle, unknown; null when it failed before looking. */
      workerState: nullableText,
      error: nullableText,
    }),
  ),
  /** Messages on their way to a session of this task, newest last; settled ones only for a short while. */
  deliveries: z.array(
    z.object({
      commandId: text,
      target: text,
      state: z.enum([
        'queued',
        'claimed',
        'typed',
        'submitted',
        'seen',
        'answered',
        'deferred',
        'undelivered',
        'uncertain',
      ]),
      reason: nullableText,
      at: text,
    }),
  ),
  /** Grows whenever an entry of this task's timeline appears or changes: the sign to fetch the newest page again. */
  timelineVersion: count,
  createdAt: text,
  updatedAt: text,
});
export type TaskView = z.infer<typeof taskView>;

/** What a session is at; `docs/states.md` says what each rests on. */
export const attentionStates = [
  'working',
  'waiting_approval',
  'waiting_input',
  'turn_ended',
  'idle',
  'rate_limited',
  'error',
  'stalled',
  'crashed',
  'gone',
  'unknown',
] as const;
export type AttentionState = (typeof attentionStates)[number];

export const sessionAttention = z.object({
  state: z.enum(attentionStates),
  /** What is to be approved (command, patch, permission), which dialog, unread or read, which error. */
  detail: nullableText,
  reason: text,
  since: nullableText,
  /** What it rests on, the deciding one first: rollout, screen, process, app_server, hook. */
  sources: z.array(text),
  /** What speaks against it, one sentence each. */
  contradictions: z.array(text),
});
export type SessionAttention = z.infer<typeof sessionAttention>;

/** A question on a session's screen that waits for an answer, with its words. */
export const sessionQuestion = z.object({
  /** approval_command, trust_prompt and so on; other_menu when it isn't known. */
  dialog: text,
  text,
  options: z.array(z.object({ number: z.int(), label: text })),
  /** Goes back with the answer, so that no other question is answered by it. */
  fingerprint: text,
});
export type SessionQuestion = z.infer<typeof sessionQuestion>;

export const sessionView = z.object({
  id: text,
  name: text,
  role: z.enum(['worker', 'manager']),
  /** Registered rows only: `gone` ones are left out unless an active binding still names them. */
  registration: z.enum(['active', 'gone']),
  state: z.enum(['busy', 'idle', 'unknown']),
  /** Where `state` comes from; `none` goes with unknown. */
  source: z.enum(['rollout', 'pane', 'app_server', 'none']),
  /** When what `state` rests on happened. */
  observedAt: nullableText,
  /** One line on why the state is unknown or doubtful, else null. */
  note: nullableText,
  /** The fuller answer to what it is doing. */
  attention: sessionAttention,
  /** What it asks on its screen, as it was last seen; null when it asks nothing. */
  question: z.nullable(sessionQuestion),
  /** Why nothing is done to it for others until the person confirms it; null when nothing stands in the way. */
  unconfirmed: nullableText,
  /** Null: can't be told from here. */
  alive: z.nullable(z.boolean()),
  /** Name of the task it is bound to. */
  task: nullableText,
  cwd: text,
  pid: z.nullable(z.int()),
  codexSessionId: nullableText,
  /** How to attach; null for a session without tmux. `target` is exact, as tmux takes it (`=codex-worker:`). */
  terminal: z.nullable(z.object({ session: text, target: text, paneId: nullableText, socketPath: nullableText })),
});
export type SessionView = z.infer<typeof sessionView>;

export const criterionView = z.object({
  id: z.int(),
  task: text,
  text,
  status: z.enum(criterionStatuses),
  source: text,
  proof: nullableText,
  rationale: nullableText,
  /** The stored evidence object as indented JSON, cut at a few thousand characters. */
  evidence: nullableText,
  updatedAt: text,
});
export type CriterionView = z.infer<typeof criterionView>;

export const attentionKinds = [
  'approval',
  'question',
  'failed',
  'stalled',
  'undelivered',
  'unconfirmed',
  'turn_finished',
] as const;

/** Something that waits for the person. Gone from the snapshot once it no longer does. */
export const attentionItem = z.object({
  /** The same thing keeps its id, so that it is announced once. */
  id: text,
  kind: z.enum(attentionKinds),
  /** One sentence: what, in which session. */
  message: text,
  session: nullableText,
  task: nullableText,
  since: text,
});
export type AttentionItem = z.infer<typeof attentionItem>;

export const problemKinds = [
  'no_tmux',
  'no_codex',
  'other_window_leads',
  'state_root_unwritable',
  'ledger_invalid',
  'ledger_newer',
  'runtime_unsupported',
  'shim_unwritable',
  'engine_failed',
] as const;
export type ProblemKind = (typeof problemKinds)[number];

/** Why something can't be done now. `remedy` is one imperative sentence, or null when there is none. */
export const problem = z.object({ kind: z.enum(problemKinds), message: text, remedy: nullableText });
export type Problem = z.infer<typeof problem>;

export const panelSnapshot = z.object({
  /** Grows by one with each snapshot of one engine. */
  version: count,
  takenAt: text,
  stateRoot: text,
  ledgerPath: text,
  /** False until something is written: looking at a folder never creates a ledger. */
  ledgerExists: z.boolean(),
  /** Folder that belongs on PATH, with `conveyor` in it. */
  shimFolder: nullableText,
  /** Absolute paths of what the engine found; null when missing. */
  tmuxPath: nullableText,
  codexPath: nullableText,
  /** Who watches rollouts and runs the loop. */
  leader: z.nullable(z.object({ id: text, thisWindow: z.boolean(), heartbeatAgeMs: count })),
  dispatcher: z.nullable(
    z.object({
      id: text,
      processed: count,
      iteration: count,
      heartbeatAt: nullableText,
      heartbeatAgeMs: z.nullable(count),
    }),
  ),
  tasks: z.array(taskView),
  sessions: z.array(sessionView),
  criteria: z.array(criterionView),
  attention: z.array(attentionItem),
  problems: z.array(problem),
});
export type PanelSnapshot = z.infer<typeof panelSnapshot>;
