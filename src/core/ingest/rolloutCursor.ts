import { parseRolloutLine, detectRolloutGrammar } from '../codex/parseRolloutLine.ts';
import { headerFromPayload } from '../codex/rolloutHeader.ts';
import { refuse } from '../domain/errors.ts';
import { ledgerJson } from '../domain/json.ts';
import { findGreatestOffset, listHeadEvents } from '../ledger/codexEventStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findPanelSession, type PanelSession } from '../ledger/panelSessionStore.ts';
import { findRollout, findRolloutAtPath, type Rollout } from '../ledger/rolloutStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import type { RolloutSource } from './rolloutSource.ts';

/** Where reading goes on, and what the ledger said about it: whoever commits compares that first. */
export interface RolloutCursor {
  readonly session: Session;
  readonly panel: PanelSession | null;
  readonly headSha256: string;
  readonly threadId: string | null;
  readonly path: string;
  /** The row that grows, and how far it says the file was read; null when the file is new to the ledger. */
  readonly rollout: Pick<Rollout, 'id' | 'ingested_offset' | 'anchor_sha256'> | null;
  readonly generation: number;
  readonly offset: number;
  /** Records that begin before it are in the ledger already. At most one line behind `offset`. */
  readonly knownBefore: number;
  /** The first event of this rollout when the reference had read it before us. */
  readonly adoptedFromEvent: number | null;
}

/**
 * Finds out how far a session's rollout was read, by whoever did: by us (our row of this file), or by the reference
 * (its offset, or when a registration erased that, its events). Null when the file has no complete first line yet.
 *
 * Throws `rollout_shrank` when the file is shorter than what was read of it, until the session is registered again.
 */
export async function locateCursor(
  ledger: Connection,
  session: Session,
  source: RolloutSource,
): Promise<RolloutCursor | null> {
  const panel = findPanelSession(ledger, session.id);
  const { path, head, headSha256 } = source;
  if (head === null || headSha256 === null) {
    const known = findRolloutAtPath(ledger, session.id, path);
    const readTo = known?.ingested_offset ?? session.last_ingest_offset ?? 0;
    if (!isRegisteredSince(panel, known)) refuseShrunk(path, source.size(), readTo);
    return null;
  }
  const record = parseRolloutLine(head, detectRolloutGrammar(head));
  const header = record.kind === 'record' ? headerFromPayload(record.payload) : null;
  const fresh = {
    session,
    panel,
    headSha256,
    threadId: header?.ok === true ? header.header.threadId : null,
    path,
    rollout: null,
    generation: 1,
    offset: 0,
    knownBefore: 0,
    adoptedFromEvent: null,
  };
  const rollout = findRollout(ledger, session.id, path, headSha256);
  if (rollout !== null) return goOn(fresh, rollout, source);
  // Another first line at a path that we know: the file was replaced, whatever its size (OD-3).
  if (findRolloutAtPath(ledger, session.id, path) !== null) return fresh;
  return record.kind === 'record' ? adopt(ledger, fresh, ledgerJson(record.payload), source) : fresh;
}

async function goOn(fresh: RolloutCursor, rollout: Rollout, source: RolloutSource): Promise<RolloutCursor> {
  const rewritten = { ...fresh, generation: rollout.generation + 1 };
  const { ingested_offset: offset, anchor_sha256: anchor } = rollout;
  // Asked after the ledger: another process may have read what was written since we opened the file.
  const size = source.size();
  if (isRegisteredSince(fresh.panel, rollout) && size !== null && size < offset) return rewritten;
  refuseShrunk(source.path, size, offset);
  if (anchor !== null && (await source.anchorAt(offset)) !== anchor) return rewritten;
  const known = { ...fresh, rollout, generation: rollout.generation, offset, knownBefore: offset };
  // The reference may have read on where we stopped. It never knows more than one file of a session.
  const ahead = fresh.session.last_ingest_offset ?? 0;
  if (ahead <= offset || (await source.anchorAt(ahead)) === null) return known;
  return { ...known, offset: ahead, knownBefore: ahead };
}

/** A rollout that only the reference has read. Its events tell which file it was, and how far it came (CP-9). */
async function adopt(
  ledger: Connection,
  fresh: RolloutCursor,
  headPayload: string,
  source: RolloutSource,
): Promise<RolloutCursor> {
  const { session } = fresh;
  const heads = listHeadEvents(ledger, session.id);
  const stretches = heads
    .map((head, index) => ({ ...head, end: heads[index + 1]?.id ?? Number.MAX_SAFE_INTEGER }))
    .filter(({ payload }) => ledgerJson(payload) === headPayload);
  const [first] = stretches;
  if (first === undefined) return fresh;
  const offset = session.last_ingest_offset;
  if (offset !== null) {
    refuseShrunk(source.path, source.size(), offset);
    if ((await source.anchorAt(offset)) === null) return fresh;
    return { ...fresh, offset, knownBefore: offset, adoptedFromEvent: first.id };
  }
  const offsets = stretches.map(({ id, end }) => findGreatestOffset(ledger, session.id, id, end) ?? 0);
  const lastLine = Math.max(...offsets);
  if (lastLine > 0 && (await source.anchorAt(lastLine)) === null) return fresh;
  return { ...fresh, offset: lastLine, knownBefore: lastLine + 1, adoptedFromEvent: first.id };
}

/** Registering again says: this file is mine, as it is now. */
function isRegisteredSince(panel: PanelSession | null, rollout: Rollout | null): boolean {
  return panel !== null && rollout !== null && panel.registrations > rollout.registrations;
}

function refuseShrunk(path: string, size: number | null, readTo: number): void {
  if (size === null || size >= readTo) return;
  throw refuse(
    'rollout_shrank',
    `rollout file shrank: ${path} has ${size} bytes, but ${readTo} were read before; register the session again to read it from its start`,
  );
}
