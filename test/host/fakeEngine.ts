import { appendFileSync, existsSync, mkdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';

import * as z from 'zod/mini';

import type {
  EngineEvents,
  EngineRpc,
  EngineStart,
  FinishBlocker,
  SessionCandidate,
  WatchAnswer,
} from '../../src/protocol/engine.ts';
import { watchOrder } from '../../src/protocol/engine.ts';
import type { OperationResult } from '../../src/protocol/operations.ts';
import { type PanelSnapshot, panelSnapshot } from '../../src/protocol/snapshot.ts';
import { type TimelineEntry, timelineEntry } from '../../src/protocol/timeline.ts';
import { aSnapshot } from './builders.ts';

/**
 * An engine whose world is one file, `fake.json` in the state root: a test writes it, as another process would write a
 * ledger, and the panel has to follow. What the panel asks for is appended to `calls.jsonl` beside it.
 */
export const fakeWorld = z.object({
  snapshot: panelSnapshot,
  timeline: z.optional(z.array(timelineEntry)),
  blockers: z.optional(z.array(z.custom<FinishBlocker>())),
  candidates: z.optional(z.array(z.custom<SessionCandidate>())),
  /** Answers of operations by name; the others succeed with null. */
  answers: z.optional(z.record(z.string(), z.custom<OperationResult>())),
  /** The thread throws, as a bug in it would. */
  crashes: z.optional(z.boolean()),
  /** What somebody asked through the ledger to be shown; the window's answer is appended to `calls.jsonl`. */
  watch: z.optional(watchOrder),
  /** What a link gets, by the session's id. */
  links: z.optional(z.record(z.string(), z.custom<WatchAnswer>())),
  /** Reading the timeline fails. */
  breaksTimeline: z.optional(z.boolean()),
});
export type FakeWorld = z.infer<typeof fakeWorld>;

const emptyWorld = fakeWorld.parse({ snapshot: aSnapshot({ leader: null, dispatcher: null, ledgerExists: false }) });

export function createFakeEngine(start: EngineStart, events: EngineEvents): EngineRpc {
  const worldPath = join(start.stateRoot, 'fake.json');
  let world = readWorld(worldPath);
  let version = 1;
  const told = new Set<string>();

  const follow = () => {
    world = readWorld(worldPath);
    if (world.crashes) setImmediate(() => crash());
    version += 1;
    const snapshot = current();
    events.snapshotChanged(snapshot);
    if (world.watch !== undefined) void events.watchTerminal(world.watch).then((answer) => record({ watched: answer }));
    for (const item of snapshot.attention.filter(({ id }) => !told.has(id))) {
      told.add(item.id);
      events.attention(item);
    }
  };
  mkdirSync(start.stateRoot, { recursive: true });
  const watcher = watch(start.stateRoot, (_event, name) => {
    if (name === 'fake.json') follow();
  });
  if (world.crashes) setImmediate(() => crash());
  events.log('info', `fake engine ${start.windowId} in ${start.folder}`);

  function record(call: object): void {
    appendFileSync(join(start.stateRoot, 'calls.jsonl'), `${JSON.stringify(call)}\n`);
  }

  function current(): PanelSnapshot {
    return { ...world.snapshot, version, takenAt: new Date().toISOString() };
  }

  return {
    snapshot: async () => current(),
    runOperation: async (name, input) => {
      record({ name, input });
      return world.answers?.[name] ?? { ok: true, output: null };
    },
    timelinePage: async ({ task, before, limit }) => {
      if (world.breaksTimeline) throw new Error('the ledger could not be read');
      const known = world.snapshot.tasks.some(({ name }) => name === task) ? (world.timeline ?? []) : [];
      return page(known, before, limit);
    },
    finishBlockers: async () => world.blockers ?? [],
    sessionCandidates: async () => world.candidates ?? [],
    watchTarget: async (sessionId) => {
      record({ watchTarget: sessionId });
      return world.links?.[sessionId] ?? { ok: false, message: 'it was not confirmed' };
    },
    dispose: async () => watcher.close(),
  };
}

function page(entries: readonly TimelineEntry[], before: string | null, limit: number) {
  const end = before === null ? entries.length : Number(before);
  const from = Math.max(0, end - limit);
  return { entries: entries.slice(from, end), olderCursor: from > 0 ? String(from) : null, total: entries.length };
}

function readWorld(path: string): FakeWorld {
  return existsSync(path) ? fakeWorld.parse(JSON.parse(readFileSync(path, 'utf8'))) : emptyWorld;
}

function crash(): never {
  throw new Error('the fake engine was told to crash');
}
