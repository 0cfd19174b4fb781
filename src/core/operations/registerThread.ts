import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { connectAppServer } from '../codex/appServerClient.ts';
import { sessionProcesses } from '../codex/codexProcess.ts';
import { findRolloutOfThread, isThreadId } from '../codex/discoverThread.ts';
import { findRunningThread } from '../codex/findRunningThread.ts';
import { readRolloutHead } from '../codex/rolloutHead.ts';
import type { DiscoveryVerdict, ThreadCandidate } from '../codex/threadCandidate.ts';
import { askStatus } from '../delivery/askStatus.ts';
import { ConveyorError, refuse } from '../domain/errors.ts';
import { listSessions } from '../ledger/sessionStore.ts';
import { startedAt } from '../ports/hostFacts.ts';
import type { Pane } from '../tmux/pane.ts';
import { expandHome, type OperationContext } from './operationContext.ts';
import { deliveryPortsOf, tmuxOf } from './panes.ts';
import { codexHomeOf } from './userFolders.ts';

export interface RegisteredThread {
  readonly threadId: string;
  /** Null while Codex has not written it. */
  readonly path: string | null;
  readonly cwd: string | null;
  readonly cliVersion: string | null;
  readonly found: Pick<ThreadCandidate, 'strategy' | 'confidence' | 'reason'>;
}

/** A rollout by its file, or by the thread's id below the caller's Codex home. Throws `rollout_missing`, `rollout_invalid`. */
export function namedThread({ cwd, variables }: OperationContext, named: string): RegisteredThread {
  const found = { strategy: 'explicit_path', confidence: 'certain', reason: 'it was named' } as const;
  const file = resolve(cwd, expandHome(named, variables));
  if (isThreadId(named) && !existsSync(file)) {
    const path = findRolloutOfThread(codexHomeOf(variables), named);
    return path === null ? { threadId: named, path, cwd: null, cliVersion: null, found } : read(path, found);
  }
  return read(file, found);
}

/** The thread of the Codex that runs this command: it says so in its tools' environment. Null for any other caller. */
export function ownThread({ variables }: OperationContext): RegisteredThread | null {
  const threadId = variables.CODEX_THREAD_ID;
  if (threadId === undefined || !isThreadId(threadId)) return null;
  const found = {
    strategy: 'own_environment',
    confidence: 'certain',
    reason: 'its own Codex runs this command',
  } as const;
  const path = findRolloutOfThread(codexHomeOf(variables), threadId);
  return path === null ? { threadId, path, cwd: null, cliVersion: null, found } : read(path, found);
}

export interface ThreadQuestion {
  readonly pid: number;
  readonly tmuxSession: string | null;
  /** The person allows `/status` to be typed where nothing else says it. */
  readonly mayAskStatus: boolean;
}

/** The thread of a Codex that runs, by the chain of strategies. Throws `rollout_not_found`, `rollout_ambiguous`. */
export async function runningThread(context: OperationContext, question: ThreadQuestion): Promise<RegisteredThread> {
  const pane = await paneOf(context, question);
  const verdict = await discover(context, question.pid, pane);
  if (verdict.kind === 'found') return whole(verdict.candidate);
  if (question.mayAskStatus && pane !== null) return asked(context, pane);
  throw verdict.kind === 'ambiguous' ? ambiguous(question.pid, verdict.candidates) : notFound(question.pid);
}

function discover(context: OperationContext, pid: number, pane: Pane | null): Promise<DiscoveryVerdict> {
  const { host, clock, variables, ledger } = context;
  const started = host.startTime(pid);
  const now = clock.now();
  const others = listSessions(ledger).filter((session) => session.state === 'active' && session.pid !== pid);
  return findRunningThread(
    { host, connect: connectAppServer },
    {
      pid,
      title: pane?.title ?? '',
      cwd: host.workingFolder(pid),
      startedAt: started === null ? null : startedAt(started, now),
      codexHome: codexHomeOf(variables),
      variables,
      now,
      taken: new Set(others.flatMap(({ codex_session_id: id }) => id ?? [])),
    },
  );
}

/** The pane that the process runs in; null where there is none, or tmux can't be asked. */
export async function paneOf(
  context: OperationContext,
  { pid, tmuxSession }: Pick<ThreadQuestion, 'pid' | 'tmuxSession'>,
): Promise<Pane | null> {
  try {
    const panes = await tmuxOf(context).listPanes(tmuxSession ?? undefined);
    return panes.find((pane) => sessionProcesses(context.host, pane.pid).includes(pid)) ?? null;
  } catch (error) {
    if (ConveyorError.is(error, 'tmux_missing', 'tmux_denied', 'tmux_not_running', 'tmux_failed')) return null;
    throw error;
  }
}

async function asked(context: OperationContext, { sessionName, paneId }: Pane): Promise<RegisteredThread> {
  const threadId = await askStatus(deliveryPortsOf(context), { session: sessionName, paneId });
  if (threadId === null) throw notFound(null);
  return {
    ...namedThread(context, threadId),
    found: { strategy: 'status_screen', confidence: 'certain', reason: '/status said so' },
  };
}

function whole({ threadId, rolloutPath, strategy, confidence, reason }: ThreadCandidate): RegisteredThread {
  const found = { strategy, confidence, reason };
  return rolloutPath === null || !existsSync(rolloutPath)
    ? { threadId, path: null, cwd: null, cliVersion: null, found }
    : read(rolloutPath, found);
}

function read(path: string, found: RegisteredThread['found']): RegisteredThread {
  const { threadId, cwd, cliVersion } = readRolloutHead(path).header;
  return { threadId, path, cwd, cliVersion, found };
}

function notFound(pid: number | null): ConveyorError {
  const whose = pid === null ? 'this Codex' : `pid ${pid}`;
  return refuse(
    'rollout_not_found',
    `no rollout is held open by ${whose} or its children (looked with /proc and lsof), and nothing else tells its thread; type something into that Codex so that it writes one, or give --codex-session FILE, or --ask-status`,
  );
}

function ambiguous(pid: number, candidates: readonly ThreadCandidate[]): ConveyorError {
  const listed = candidates.map(({ threadId, rolloutPath, reason }) => `${rolloutPath ?? threadId} (${reason})`);
  return refuse(
    'rollout_ambiguous',
    `pid ${pid} may have any of these threads, several or none of them for certain: ${listed.join('; ')}; choose one with --codex-session FILE-OR-ID`,
    {
      facts: {
        candidates: candidates.map(({ threadId, rolloutPath, strategy, reason }) => ({
          threadId,
          rolloutPath,
          strategy,
          reason,
        })),
      },
    },
  );
}
