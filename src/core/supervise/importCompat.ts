import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from '../domain/errors.ts';
import { isJsonObject, type JsonObject } from '../domain/json.ts';
import { formatTimestamp, parseTimestamp } from '../domain/timestamps.ts';
import {
  findRival,
  findWorkerId,
  importCapture,
  importEvent,
  importStatus,
  importWorker,
  isImported,
  markImported,
} from '../ledger/compatImportStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { workerStatusStates } from '../ledger/legacyWorkerStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import { listWorkerFolders } from './legacyFolder.ts';

export interface ImportAction {
  readonly action:
    | 'upsert_worker'
    | 'insert_status'
    | 'insert_transcript_capture'
    | 'insert_event'
    | 'skip_invalid_event';
  readonly source: string;
  readonly worker?: string;
  readonly line?: number;
  /** Of a line that is no event: an earlier import has told of it (AT-21). */
  readonly reported_before?: boolean;
}

export interface WorkerImport {
  readonly worker: string;
  readonly action_count: number;
  readonly actions: ImportAction[];
}

export interface CompatImport {
  readonly workers: WorkerImport[];
  /** What could not be taken over, a sentence each; everything else was. */
  readonly problems: string[];
}

interface ImportRequest {
  readonly root: string;
  /** Null for all. */
  readonly worker: string | null;
  readonly apply: boolean;
  readonly now: number;
}

/** One piece of a worker, and what it does to the ledger. */
interface Piece extends ImportAction {
  readonly key: string;
  readonly sha256: string;
  run(workerId: string): void;
}

/** Takes over the folders of the first generation. What is wrong with one worker says nothing about the others (AT-21). */
export function importCompat(ledger: Connection, request: ImportRequest): CompatImport {
  const folders = listWorkerFolders(request.root).filter(
    ({ name }) => request.worker === null || name === request.worker,
  );
  const problems: string[] = [];
  const workers = folders.map(({ name, path }): WorkerImport => {
    const reader = new FolderReader(ledger, { name, path, now: request.now });
    const { pieces, found } = reader.read();
    problems.push(...found);
    const isNew = (piece: Piece) => !isImported(ledger, piece.key);
    const actions = pieces.filter((piece) => isNew(piece) || piece.action === 'skip_invalid_event').map(shown(isNew));
    if (request.apply) ledger.write(() => apply(ledger, pieces.filter(isNew), { name, now: request.now }));
    return { worker: name, action_count: actions.length, actions };
  });
  return { workers, problems };
}

function shown(isNew: (piece: Piece) => boolean) {
  return (piece: Piece): ImportAction => {
    const { action, source, worker, line } = piece;
    return {
      action,
      source,
      ...(worker === undefined ? {} : { worker }),
      ...(line === undefined ? {} : { line }),
      ...(action === 'skip_invalid_event' ? { reported_before: !isNew(piece) } : {}),
    };
  };
}

function apply(ledger: Connection, pieces: readonly Piece[], { name, now }: { name: string; now: number }): void {
  for (const piece of pieces) {
    if (piece.action === 'upsert_worker') piece.run('');
    else {
      const workerId = findWorkerId(ledger, name);
      // Without its config nothing of a worker is taken over.
      if (workerId === null) throw new Error(`worker ${name} was not made first`);
      piece.run(workerId);
    }
    const { key, source, sha256 } = piece;
    markImported(ledger, { key, source, sha256, at: formatTimestamp(now) });
  }
}

class FolderReader {
  readonly #ledger: Connection;
  readonly #name: string;
  readonly #path: string;
  readonly #now: number;
  readonly #problems: string[] = [];

  constructor(
    ledger: Connection,
    { name, path, now }: { readonly name: string; readonly path: string; readonly now: number },
  ) {
    this.#ledger = ledger;
    this.#name = name;
    this.#path = path;
    this.#now = now;
  }

  read(): { readonly pieces: Piece[]; readonly found: readonly string[] } {
    const worker = this.#worker();
    const pieces = worker === null ? [] : [worker, ...this.#status(), ...this.#transcript(), ...this.#events()];
    return { pieces, found: this.#problems };
  }

  #worker(): Piece | null {
    const text = this.#text('config.json') ?? '';
    const config = this.#object('config.json', text);
    if (config === null) return null;
    const given = (key: string) => (typeof config[key] === 'string' && config[key] !== '' ? config[key] : null);
    const worker = {
      name: this.#name,
      cwd: given('cwd') ?? '',
      tmuxSession: given('tmux_session') ?? `codex-${this.#name}`,
      tmuxPaneId: given('tmux_pane_id'),
      identityToken: given('identity_token'),
      createdAt: this.#moment(config.created_at),
      updatedAt: formatTimestamp(this.#now),
    };
    const rival = findRival(this.#ledger, worker);
    if (rival !== null) {
      this.#problems.push(
        `worker ${this.#name} has the terminal or the token of worker ${rival}; mend its config.json`,
      );
      return null;
    }
    return this.#piece('upsert_worker', 'config.json', text, () => importWorker(this.#ledger, worker));
  }

  #status(): Piece[] {
    const text = this.#text('status.json');
    const said = text === null ? null : this.#object('status.json', text);
    if (text === null || said === null) return [];
    const given = (key: string) => (typeof said[key] === 'string' ? said[key] : null);
    const state = workerStatusStates.find((known) => known === said.state) ?? 'unknown';
    const status = {
      state,
      current_task: given('current_task'),
      next_action: given('next_action'),
      blocker: given('blocker'),
    };
    const at = this.#moment(said.last_update);
    const run = (workerId: string) => importStatus(this.#ledger, workerId, status, at);
    return [this.#piece('insert_status', 'status.json', text, run)];
  }

  #transcript(): Piece[] {
    const content = this.#text('transcript.txt') ?? '';
    if (content === '') return [];
    const metaText = this.#text('capture-meta.json');
    const meta = metaText === null ? {} : this.#object('capture-meta.json', metaText);
    if (meta === null) return [];
    const lineCount = content.split('\n').length - (content.endsWith('\n') ? 1 : 0);
    const capture = {
      sha256: sha256Of(content),
      content,
      capturedAt: this.#moment(meta.captured_at),
      changedAt: this.#moment(meta.changed_at),
      historyLines: typeof meta.history_lines === 'number' ? Math.trunc(meta.history_lines) : lineCount,
      byteCount: Buffer.byteLength(content),
      lineCount,
    };
    const run = (workerId: string) => {
      const id = importCapture(this.#ledger, workerId, capture);
      recordTelemetry(
        this.#ledger,
        {
          type: 'transcript_capture_recorded',
          summary: 'Transcript capture taken over.',
          correlation: { capture_id: id, worker_id: workerId },
          attributes: { byte_count: capture.byteCount, line_count: lineCount, history_lines: capture.historyLines },
        },
        this.#now,
      );
    };
    return [this.#piece('insert_transcript_capture', 'transcript.txt', content, run)];
  }

  #events(): Piece[] {
    const lines = (this.#text('events.jsonl') ?? '').split('\n');
    return lines.flatMap((text, index): Piece[] => (text.trim() === '' ? [] : [this.#event(text, index + 1)]));
  }

  #event(text: string, line: number): Piece {
    const source = join(this.#path, 'events.jsonl');
    const sha256 = sha256Of(text);
    const common = { source, line, sha256, key: `compat:${this.#name}/events.jsonl:${line}:${sha256}` };
    const value = parseJson(text);
    if (!isJsonObject(value)) return { ...common, action: 'skip_invalid_event', run: () => {} };
    const { time, type, ...rest } = value;
    const event = {
      type: `compat_${typeof type === 'string' && type !== '' ? type : 'event'}`,
      at: this.#moment(time),
      payload: { ...rest, source_path: source },
    };
    const run = (workerId: string) => importEvent(this.#ledger, workerId, event);
    return { ...common, action: 'insert_event', worker: this.#name, run };
  }

  #piece(action: ImportAction['action'], file: string, text: string, run: (workerId: string) => void): Piece {
    const sha256 = sha256Of(text);
    const key = `compat:${this.#name}/${file}:${sha256}`;
    return { action, source: join(this.#path, file), worker: this.#name, key, sha256, run };
  }

  #moment(given: unknown): string {
    const at = typeof given === 'string' ? parseTimestamp(given) : null;
    return formatTimestamp(at ?? this.#now);
  }

  #object(file: string, text: string): JsonObject | null {
    const value = parseJson(text);
    if (isJsonObject(value)) return value;
    this.#problems.push(`Invalid JSON in ${join(this.#path, file)}; mend it or remove it`);
    return null;
  }

  /** Null when the file is not there. */
  #text(file: string): string | null {
    try {
      return readFileSync(join(this.#path, file), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw refuse('file_unreadable', `cannot read ${join(this.#path, file)}; check its permissions`, { cause: error });
    }
  }
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
