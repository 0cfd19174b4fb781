import { join } from 'node:path';
import type { ConnectAppServer } from '../codex/appServer.ts';
import { findRolloutOfThread } from '../codex/discoverThread.ts';
import { runDispatchPass } from '../dispatch/dispatchPass.ts';
import type { DispatchDependencies } from '../dispatch/dependencies.ts';
import { ConveyorError } from '../domain/errors.ts';
import { ingestSession } from '../ingest/ingestSession.ts';
import { watchRollouts } from '../ingest/watchRollouts.ts';
import { CommitWatch } from '../ledger/commitWatch.ts';
import { endRestsFor } from '../ledger/backoffStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { recordHeartbeat } from '../ledger/heartbeatStore.ts';
import { listWatchedSessions, type Session, setSessionRollout } from '../ledger/sessionStore.ts';
import { type ObserveDependencies, observeSession } from '../supervise/observe.ts';
import { type PaneReader, PaneRounds } from '../tmux/paneRounds.ts';
import type { Tmux } from '../tmux/tmux.ts';
import type { EngineSteps, EngineWatch } from './engine.ts';
import { ThreadFollower } from './threadFollower.ts';
import { watchHookSignals } from './hookSignals.ts';
import { watchServerSignals } from './serverSignals.ts';

interface EngineObserve extends ObserveDependencies {
  readonly tmuxAt: (socket: string | null) => Tmux;
}

export interface CoreStepsOptions {
  readonly dispatcherId: string;
  readonly observe: EngineObserve;
  readonly dispatch: DispatchDependencies;
  readonly pass: { readonly limit: number; readonly leaseSeconds: number };
  readonly codexHome: string;
  readonly connect: ConnectAppServer;
  /** Keeps that a session has this thread now, where no sandbox writes. */
  readonly confirmThread: (sessionId: string, threadId: string) => void;
  /** Where Codex's hooks leave their reports. */
  readonly signalFolder: string;
  /** Told once about each session whose rollout cannot be read, until what is wrong with it changes. */
  readonly onTrouble: (session: Session, error: ConveyorError) => void;
  readonly onError: (error: unknown) => void;
}

/** The engine's steps on the real core. */
export function coreSteps(options: CoreStepsOptions): EngineSteps {
  const { ledger, clock } = options.observe;
  const troubles = new Troubles(options.onTrouble);
  const rounds = roundsOf(options.observe);
  const follower = new ThreadFollower(options);
  let follow = (_paths: Iterable<string>) => {};
  return {
    ingest: async (sessionIds, signal) => {
      const sessions = listWatchedSessions(ledger).map((session) => locateRollout(ledger, session, options.codexHome));
      follow(sessions.flatMap(({ codex_session_path: path }) => path ?? []));
      let came = false;
      for (const session of sessions) {
        if (signal.aborted) break;
        if (session.codex_session_path === null || (sessionIds !== null && !sessionIds.has(session.id))) continue;
        came = (await troubles.guard(session, () => readOn(options.observe, session))) || came;
      }
      return came;
    },
    observe: async (signal) => {
      let differs = false;
      const round = { ...options.observe, tmuxAt: rounds() };
      for (const session of listWatchedSessions(ledger)) {
        if (signal.aborted) break;
        if (session.tmux_session === null && session.pid === null) continue;
        const seen = await observeSession(round, session, options.dispatcherId);
        const isFollowed = await troubles.guard(session, () => follower.look(session, seen.title));
        if (!seen.differs && !isFollowed) continue;
        differs = true;
        // A dialog that closed, a draft that was sent: whatever waits for this pane is tried at once.
        ledger.write(() => endRestsFor(ledger, session.id));
      }
      return differs;
    },
    dispatch: () =>
      runDispatchPass(options.dispatch, {
        ...options.pass,
        dispatcherId: options.dispatcherId,
        type: null,
        dryRun: false,
      }),
    heartbeat: (iteration, processedCount) =>
      ledger.write(() =>
        recordHeartbeat(
          ledger,
          { dispatcherId: options.dispatcherId, iteration, dryRun: false, processedCount },
          clock.now(),
        ),
      ),
    watchRollouts: (onGrown) => {
      const watch = watchRollouts({
        sessionsFolder: join(options.codexHome, 'sessions'),
        onChanged: (paths) => onGrown(sessionsOfRollouts(ledger, paths)),
        onError: options.onError,
      });
      follow = (paths) => watch.follow(paths);
      return watch;
    },
    watchSignals: (onSignal) => watchSignals(options, onSignal),
    watchLedger: (onCommitted) => new CommitWatch(ledger, onCommitted),
  };
}

function watchSignals(options: CoreStepsOptions, onSignal: () => void): EngineWatch {
  const { connect, codexHome, signalFolder: folder, onError } = options;
  const { ledger, clock } = options.observe;
  const watches = [
    watchServerSignals({ ledger, clock, connect, codexHome, onSignal, onError }),
    watchHookSignals({ ledger, folder, onSignal, onError }),
  ];
  return {
    close: () => {
      for (const watch of watches) void watch.close();
    },
  };
}

/** True when there was something new. */
async function readOn(dependencies: ObserveDependencies, session: Session): Promise<boolean> {
  const { new_events: newEvents } = await ingestSession(dependencies, session, { quiet: true });
  return newEvents > 0;
}

/** Codex may make the file with the first message only; until then the thread is all that is known. */
function locateRollout(ledger: Connection, session: Session, codexHome: string): Session {
  const { codex_session_id: threadId, codex_session_path: known } = session;
  if (known !== null || threadId === null) return session;
  const path = findRolloutOfThread(codexHome, threadId);
  if (path === null) return session;
  ledger.write(() => setSessionRollout(ledger, session.id, path, threadId));
  return { ...session, codex_session_path: path };
}

/** Null when a file is nobody's yet: it may be the first of a session that waits for one. */
function sessionsOfRollouts(ledger: Connection, paths: ReadonlySet<string>): ReadonlySet<string> | null {
  const byPath = new Map(listWatchedSessions(ledger).map(({ id, codex_session_path: path }) => [path, id]));
  const ids = [...paths].map((path) => byPath.get(path));
  return ids.every((id) => id !== undefined) ? new Set(ids) : null;
}

/** Begins a round: all sessions of one server are looked at together. */
function roundsOf({ tmuxAt, clock }: EngineObserve): () => ObserveDependencies['tmuxAt'] {
  const servers = new Map<string | null, PaneRounds>();
  return () => {
    const readers = new Map<string | null, PaneReader>();
    return (socket) => {
      const server = servers.get(socket) ?? new PaneRounds(tmuxAt(socket), clock);
      const reader = readers.get(socket) ?? server.begin();
      servers.set(socket, server);
      readers.set(socket, reader);
      return reader;
    };
  };
}

/** One session that cannot be read must not keep the others from being read. */
class Troubles {
  readonly #told = new Map<string, string>();
  readonly #tell: CoreStepsOptions['onTrouble'];

  constructor(tell: CoreStepsOptions['onTrouble']) {
    this.#tell = tell;
  }

  async guard(session: Session, work: () => Promise<boolean>): Promise<boolean> {
    try {
      const result = await work();
      this.#told.delete(session.id);
      return result;
    } catch (error) {
      if (!(error instanceof ConveyorError)) throw error;
      if (this.#told.get(session.id) !== error.message) this.#tell(session, error);
      this.#told.set(session.id, error.message);
      return false;
    }
  }
}
