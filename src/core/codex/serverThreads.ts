import { ConveyorError } from '../domain/errors.ts';
import type { AppServer, ConnectAppServer, ServerThread } from './appServer.ts';
import { threadCreatedAt } from './discoverThread.ts';
import type { ThreadCandidate } from './threadCandidate.ts';

/** A Codex that runs: where, and since when (milliseconds since the epoch; null when it can't be told). */
export interface RunningPlace {
  readonly cwd: string | null;
  readonly startedAt: number | null;
}

/** A TUI has its thread half a second to some seconds after its process began; on a busy machine later. */
const windowMilliseconds = { before: 2000, after: 20_000 };

/** Whether a thread's creation fits the start of a process: nothing else joins the two on the shared server. */
export function isFromStart(createdAt: number | null, startedAt: number | null): boolean {
  if (createdAt === null || startedAt === null) return false;
  return createdAt >= startedAt - windowMilliseconds.before && createdAt <= startedAt + windowMilliseconds.after;
}

export interface ServedThread extends ThreadCandidate {
  readonly cwd: string | null;
}

/**
 * Threads that the shared server runs, sub-agents' left out. The server doesn't say which TUI shows which: the join is by
 * folder and by the time at which both began. No server: nothing.
 */
export async function threadsByServer(connect: ConnectAppServer, codexHome: string): Promise<readonly ServedThread[]> {
  try {
    const server = await connect(codexHome);
    try {
      const threads = await readAll(server);
      return threads.filter(({ isSubagent }) => !isSubagent).map(candidate);
    } finally {
      server.close();
    }
  } catch (error) {
    if (ConveyorError.is(error, 'app_server_missing', 'app_server_failed')) return [];
    throw error;
  }
}

async function readAll(server: AppServer): Promise<readonly ServerThread[]> {
  const threads: ServerThread[] = [];
  for (const id of await server.loadedThreads()) {
    const thread = await server.readThread(id);
    if (thread !== null) threads.push(thread);
  }
  return threads;
}

function candidate({ threadId, rolloutPath, cwd }: ServerThread): ServedThread {
  const created = threadCreatedAt(threadId);
  const since = created === null ? '' : `, begun ${new Date(created).toISOString()}`;
  const reason = `Codex's app-server runs it in ${cwd ?? 'an unknown folder'}${since}`;
  return { threadId, rolloutPath, cwd, pid: null, strategy: 'app_server', confidence: 'likely', reason };
}
