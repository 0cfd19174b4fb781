import type { Session } from '../ledger/sessionStore.ts';
import type { RolloutCursor } from './rolloutCursor.ts';
import { type KnownHead, openRollout, type RolloutSource } from './rolloutSource.ts';

/** What a bookmark must agree with. */
export type ReadSession = Pick<Session, 'id' | 'codex_session_path' | 'last_ingest_offset'>;

interface Bookmark {
  readonly cursor: RolloutCursor;
  readonly known: KnownHead;
  /** Of the end of the line before the cursor. */
  readonly anchor: string;
}

/**
 * Where each session's rollout was left, by its id: whoever reads two hundred of them all the time need not ask the
 * ledger for it line by line. What the ledger says is compared before anything is stored, as for any reader.
 */
export type Bookmarks = Map<string, Bookmark>;

/** A compressed file, and one of which nothing was read, are opened anew each time. */
export function leaveBookmark(bookmarks: Bookmarks, source: RolloutSource, cursor: RolloutCursor): void {
  const { inode, head, headSha256 } = source;
  const { rollout, offset, session } = cursor;
  const anchor = rollout?.ingested_offset === offset ? rollout.anchor_sha256 : null;
  if (inode === null || anchor === null) return;
  bookmarks.set(session.id, { cursor, known: { inode, head, headSha256 }, anchor });
}

/**
 * Takes the bookmark out and opens its file; null when there is none, or the file is another one now, or another text
 * stands before the bookmark, or less than was read of it. The caller closes the source.
 */
export async function openBookmark(
  bookmarks: Bookmarks,
  { id, codex_session_path: path, last_ingest_offset: offset }: ReadSession,
): Promise<{ source: RolloutSource; cursor: RolloutCursor } | null> {
  const bookmark = bookmarks.get(id);
  bookmarks.delete(id);
  if (path === null || bookmark === undefined) return null;
  const { session } = bookmark.cursor;
  if (session.codex_session_path !== path || session.last_ingest_offset !== offset) return null;
  const { cursor, known, anchor } = bookmark;
  const source = await openRollout(path, known);
  const isSame = source.inode === known.inode && (await source.anchorAt(cursor.offset)) === anchor;
  if (isSame) return { source, cursor };
  source.close();
  return null;
}
