import * as z from 'zod/mini';

import type { OperationResult, PanelOperation, PanelOperationInput } from './operations.ts';
import type { AttentionItem, PanelSnapshot } from './snapshot.ts';
import type { TimelinePage } from './timeline.ts';

/**
 * The contract between the extension's main thread and the supervisor thread, over one MessagePort.
 * `EngineRpc` is what the thread answers, `EngineEvents` what it says by itself.
 */
export interface EngineRpc {
  /** The newest snapshot, at once. */
  snapshot(): Promise<PanelSnapshot>;
  /** Runs one operation to its end; a refusal is an answer, not an exception. */
  runOperation<Name extends PanelOperation>(name: Name, input: PanelOperationInput<Name>): Promise<OperationResult>;
  /** The newest page, or the one before `before`; oldest entry first. An unknown task has an empty page. */
  timelinePage(request: TimelineRequest): Promise<TimelinePage>;
  /** What stands against finishing now: shown before the question is asked. Empty when nothing does. */
  finishBlockers(task: string): Promise<readonly FinishBlocker[]>;
  /** Running Codex sessions in tmux that are not registered: the choices of "register session". */
  sessionCandidates(): Promise<readonly SessionCandidate[]>;
  /** The terminal that a link may open, as it was confirmed; or why none. */
  watchTarget(sessionId: string): Promise<WatchAnswer>;
  /** Releases leases, closes the ledger and every watch. Resolves when nothing is left; the thread then ends itself. */
  dispose(): Promise<void>;
}

export interface EngineEvents {
  snapshotChanged(snapshot: PanelSnapshot): void;
  /** Said once for each item that appears in `snapshot.attention`. */
  attention(item: AttentionItem): void;
  log(level: LogLevel, line: string): void;
  /** Asked for through the ledger: shows a terminal that can only be watched. Null once it is shown, else why not. */
  watchTerminal(order: WatchOrder): Promise<string | null>;
}

/** The terminal of a session that was confirmed outside every sandbox. */
export const watchOrder = z.object({
  session: z.object({ id: z.string(), name: z.string(), role: z.enum(['worker', 'manager']) }),
  tmuxPath: z.string(),
  terminal: z.object({
    session: z.string(),
    target: z.string(),
    paneId: z.nullable(z.string()),
    socketPath: z.nullable(z.string()),
  }),
});
export type WatchOrder = z.infer<typeof watchOrder>;
export type WatchAnswer = ({ readonly ok: true } & WatchOrder) | { readonly ok: false; readonly message: string };

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

export interface TimelineRequest {
  readonly task: string;
  readonly before: string | null;
  readonly limit: number;
}

export interface FinishBlocker {
  readonly kind: 'open_criteria' | 'acknowledgements' | 'epilogue' | 'worker_busy' | 'undelivered' | 'task_state';
  readonly message: string;
  /** True: finishing will be refused. False: finishing goes through, the person should know. */
  readonly refuses: boolean;
}

export interface SessionCandidate {
  readonly tmuxSession: string;
  readonly paneId: string;
  readonly socketPath: string;
  readonly pid: number;
  readonly cwd: string;
  /** The pane's title: Codex keeps its thread and run state there. */
  readonly title: string;
}

/** The thread's `workerData`: everything the engine must know to run for one workspace folder. */
export const engineStart = z.object({
  /** Dispatcher and leader id of this window, `vscode-…`. */
  windowId: z.string(),
  /** Absolute path of the workspace folder. */
  folder: z.string(),
  /** Absolute path of the state root. Not created by starting: only by the first operation that writes. */
  stateRoot: z.string(),
  tmux: z.object({ path: z.nullable(z.string()), socket: z.nullable(z.string()) }),
  codex: z.object({ path: z.nullable(z.string()) }),
  /** Permission actions (`category.action`) that a person granted to managers in their own settings. */
  permissions: z.array(z.string()),
  /** What the shim runs: the editor's executable, as plain Node when it is Electron. */
  runtime: z.object({ executable: z.string(), electron: z.boolean(), cli: z.string() }),
  /** PATH and friends as the editor's integrated terminal would have them. */
  environment: z.record(z.string(), z.string()),
});
export type EngineStart = z.infer<typeof engineStart>;
