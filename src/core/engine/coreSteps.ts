import { join } from 'node:path';
import type { ConnectAppServer } from '../codex/appServer.ts';
import { runDispatchPass } from '../dispatch/dispatchPass.ts';
import type { DispatchDependencies } from '../dispatch/dependencies.ts';
import { ConveyorError } from '../domain/errors.ts';
import type { Bookmarks } from '../ingest/bookmarks.ts';
import { ingestSession } from '../ingest/ingestSession.ts';
import { watchRollouts } from '../ingest/watchRollouts.ts';
import { CommitWatch } from '../ledger/commitWatch.ts';
import { endRestsFor } from '../ledger/backoffStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { recordHeartbeat } from '../ledger/heartbeatStore.ts';
import { findSessionById, listWatchedSessions, type Session } from '../ledger/sessionStore.ts';
import { type ObserveDependencies, observeSession } from '../supervise/observe.ts';
import { type PaneReader, PaneRounds } from '../tmux/paneRounds.ts';
import type { Tmux } from '../tmux/tmux.ts';
import type { EngineSteps, EngineWatch } from './engine.ts';
import { IngestTally } from './ingestTally.ts';
import { OpenTurns } from './openTurns.ts';
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
  const owners = new RolloutOwners(ledger);
  const turns = new OpenTurns(ledger, clock);
  let follow = (_paths: Iterable<string>) => {};
  return {
    ingest: ingestStep(options, troubles, turns, (paths) => follow(paths)),
    observe: observeStep(options, troubles, turns),
    mayAsk: () => turns.closest(),
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
        onChanged: (paths) => onGrown(owners.of(paths)),
        onError: options.onError,
      });
      follow = (paths) => {
        owners.forget();
        watch.follow(paths);
      };
      return watch;
    },
    watchSignals: (onSignal) => watchSignals(options, onSignal),
    watchLedger: (onCommitted) => new CommitWatch(ledger, onCommitted),
  };
}

function ingestStep(
  { observe, dispatch }: CoreStepsOptions,
  troubles: Troubles,
  turns: OpenTurns,
  follow: (paths: Iterable<string>) => void,
): EngineSteps['ingest'] {
  const { ledger, clock } = observe;
  const tally = new IngestTally(clock);
  const bookmarks: Bookmarks = new Map();
  return async (sessionIds, signal) => {
    const sessions = watchedSessions(ledger, sessionIds).map((session) => located(dispatch, session));
    // A wake-up says whose file grew; the idle run looks whether there are others.
    if (sessionIds === null) follow(sessions.flatMap(({ codex_session_path: path }) => path ?? []));
    const came = new Set<string>();
    for (const session of sessions) {
      if (signal.aborted) break;
      if (session.codex_session_path === null) continue;
      if (await troubles.guard(session, () => readOn(observe, session, { tally, bookmarks }))) came.add(session.id);
      // Without a terminal it can't be seen to ask.
      const isNews = came.has(session.id) || !turns.knows(session.id);
      if (isNews && session.tmux_session !== null) turns.grew(session.id);
    }
    return came;
  };
}

function observeStep(options: CoreStepsOptions, troubles: Troubles, turns: OpenTurns): EngineSteps['observe'] {
  const { ledger } = options.observe;
  const rounds = roundsOf(options.observe);
  const follower = new ThreadFollower(options);
  return async (sessionIds, signal) => {
    let differs = false;
    const round = { ...options.observe, tmuxAt: rounds() };
    const refreshes: (() => void)[] = [];
    const watched = watchedSessions(ledger, sessionIds);
    for (const id of sessionIds ?? []) if (!watched.some((session) => session.id === id)) turns.rest(id);
    for (const session of watched) {
      if (signal.aborted) break;
      if (session.tmux_session === null && session.pid === null) continue;
      const seen = await observeSession(round, session, options.dispatcherId);
      if (seen.alive !== true) turns.rest(session.id);
      if (seen.refresh !== null) refreshes.push(seen.refresh);
      const isFollowed = await troubles.guard(session, () => follower.look(session, seen.title));
      if (!seen.differs && !isFollowed) continue;
      differs = true;
      // A dialog that closed, a draft that was sent: whatever waits for this pane is tried at once.
      ledger.write(() => endRestsFor(ledger, session.id));
    }
    if (refreshes.length > 0) ledger.write(() => refreshes.forEach((refresh) => refresh()));
    return differs;
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
async function readOn(
  dependencies: ObserveDependencies,
  session: Session,
  { tally, bookmarks }: { readonly tally: IngestTally; readonly bookmarks: Bookmarks },
): Promise<boolean> {
  const { new_events: newEvents } = await ingestSession(dependencies, session, {
    quiet: true,
    bookmarks,
    tally: (total) => tally.add(session.id, total),
  });
  return newEvents > 0;
}

/** Codex may make the file with the first message only, and up to 0.146 nothing tells the thread before. */
function located({ ledger, rollouts }: Pick<DispatchDependencies, 'ledger' | 'rollouts'>, session: Session): Session {
  if (session.codex_session_path !== null || rollouts === undefined) return session;
  rollouts.learn(session.id);
  return findSessionById(ledger, session.id) ?? session;
}

/** All that are not gone, or those of them that are named. */
function watchedSessions(ledger: Connection, ids: ReadonlySet<string> | null): readonly Session[] {
  if (ids === null) return listWatchedSessions(ledger);
  const named = [...ids].flatMap((id) => findSessionById(ledger, id) ?? []);
  return named.filter(({ state }) => state === 'active');
}

/** Whose rollout a file is, kept from one idle run to the next: files grow by the hundred a second. */
class RolloutOwners {
  readonly #ledger: Connection;
  #byPath: ReadonlyMap<string | null, string> | null = null;

  constructor(ledger: Connection) {
    this.#ledger = ledger;
  }

  forget(): void {
    this.#byPath = null;
  }

  /** Null when a file may be the first of a session that waits for one. Files of others are nobody's business. */
  of(paths: ReadonlySet<string>): ReadonlySet<string> | null {
    let known = (this.#byPath ??= this.#read());
    if ([...paths].some((path) => !known.has(path))) known = this.#byPath = this.#read();
    const ids = [...paths].flatMap((path) => known.get(path) ?? []);
    return ids.length < paths.size && known.has(null) ? null : new Set(ids);
  }

  #read(): ReadonlyMap<string | null, string> {
    return new Map(listWatchedSessions(this.#ledger).map(({ id, codex_session_path: path }) => [path, id]));
  }
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
