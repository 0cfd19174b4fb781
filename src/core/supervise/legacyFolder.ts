import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { isJsonObject, type JsonObject, ledgerJson, printedJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { type WorkerStatusState, workerStatusStates } from '../ledger/legacyWorkerStore.ts';
import { isFolder } from '../ports/isFolder.ts';
import { isRealFolder, ownFolder, replaceOwnFile } from './ownFile.ts';

// Workers of the first generation are kept in a folder each, below the state root: `<name>/config.json` and others.

const config = z.looseObject({
  name: z.string(),
  cwd: z.optional(z.string()),
  identity_token: z.optional(z.string()),
  startup: z.optional(z.nullable(z.string())),
  startup_reason: z.optional(z.nullable(z.string())),
  startup_recommended_action: z.optional(z.nullable(z.string())),
  tmux_pane_id: z.optional(z.nullable(z.string())),
});
export type WorkerConfig = z.infer<typeof config>;

const captureMeta = z.object({
  captured_at: z.string(),
  changed_at: z.string(),
  sha256: z.string(),
  history_lines: z.number(),
});
/** When a worker's screen was looked at, and when it last changed. */
export type CaptureMeta = z.infer<typeof captureMeta>;

/** The status file: what the worker said, in the words of its contract. */
export interface WorkerStatus {
  readonly state: WorkerStatusState;
  readonly current_task: string | null;
  readonly next_action: string | null;
  readonly blocker: string | null;
  readonly last_update: string | null;
}

/** A log that is a link is not followed. */
const appending = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;

const workerName = /^[A-Za-z0-9_-]+$/;

/** Throws `invalid_name`: a name becomes a folder and a tmux session. */
export function checkWorkerName(name: string): void {
  if (workerName.test(name)) return;
  throw refuse(
    'invalid_name',
    `${JSON.stringify(name)}: worker names may contain only letters, numbers, hyphens, and underscores`,
  );
}

/** Every folder that holds a worker; others below the state root are something else (AT-19). */
export function listWorkerFolders(stateRoot: string): WorkerFolder[] {
  if (!existsSync(stateRoot)) return [];
  if (!isFolder(stateRoot)) throw refuse('file_unreadable', `${stateRoot} is no folder`);
  return readdirSync(stateRoot, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(stateRoot, entry.name, 'config.json')))
    .map(({ name }) => new WorkerFolder(stateRoot, name))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

/** The worker of that name; null when there is none, as for a name that can be no folder's. */
export function findWorkerFolder(stateRoot: string, name: string): WorkerFolder | null {
  if (!workerName.test(name)) return null;
  const folder = new WorkerFolder(stateRoot, name);
  return folder.exists() ? folder : null;
}

/** The folder that holds the log of a session of that name, worker's folder or not; null when it can be no folder's. */
export function findLogFolder(stateRoot: string, name: string): WorkerFolder | null {
  return workerName.test(name) ? new WorkerFolder(stateRoot, name) : null;
}

/**
 * One worker's folder. The files are the user's own, 0600 in a folder of 0700, and replaced as a whole. A file that can't
 * be read as what it should be counts as missing, except `config.json`: without it nothing is known.
 */
export class WorkerFolder {
  readonly name: string;
  readonly path: string;
  readonly #stateRoot: string;

  constructor(stateRoot: string, name: string) {
    this.#stateRoot = stateRoot;
    this.name = name;
    this.path = join(stateRoot, name);
  }

  /** The name rules: what a file in the state root says may have been written by an agent. */
  get tmuxSession(): string {
    return `codex-${this.name}`;
  }

  get transcriptPath(): string {
    return join(this.path, 'transcript.txt');
  }

  exists(): boolean {
    return isRealFolder(this.path) && existsSync(join(this.path, 'config.json'));
  }

  readConfig(): WorkerConfig {
    const parsed = config.safeParse(this.#readJson('config.json'));
    if (parsed.success) return parsed.data;
    throw refuse('file_unreadable', `Invalid JSON in ${join(this.path, 'config.json')}; mend it or remove the folder`);
  }

  writeConfig(value: object): void {
    ownFolder(this.#stateRoot, this.name);
    this.#replace('config.json', `${printedJson(value)}\n`);
  }

  readStatus(): WorkerStatus | null {
    const value = this.#readJson('status.json');
    if (!isJsonObject(value)) return null;
    const text = (key: string) => (typeof value[key] === 'string' ? value[key] : null);
    const state = workerStatusStates.find((known) => known === value.state) ?? 'unknown';
    return {
      state,
      current_task: text('current_task'),
      next_action: text('next_action'),
      blocker: text('blocker'),
      last_update: text('last_update'),
    };
  }

  writeStatus(status: WorkerStatus): void {
    this.#replace('status.json', `${printedJson(status)}\n`);
  }

  readCaptureMeta(): CaptureMeta | null {
    const parsed = captureMeta.safeParse(this.#readJson('capture-meta.json'));
    return parsed.success ? parsed.data : null;
  }

  writeCapture(text: string, meta: CaptureMeta): void {
    this.#replace('transcript.txt', text);
    this.#replace('capture-meta.json', `${printedJson(meta)}\n`);
  }

  writeContract(text: string): void {
    this.#replace('contract.txt', text);
  }

  /** The log in its order; lines that are no JSON objects are counted and passed by. */
  readEvents(): { readonly events: JsonObject[]; readonly malformed: number } {
    if (!isRealFolder(this.path)) return { events: [], malformed: 0 };
    const lines = (this.#readText('events.jsonl') ?? '').split('\n').filter((line) => line.trim() !== '');
    const events = lines.map(parseJson).filter(isJsonObject);
    return { events, malformed: lines.length - events.length };
  }

  /** Makes the folder where it is missing. Throws `state_root_unwritable` when a link stands in its place. */
  appendEvent(type: string, facts: object, now: number): void {
    const line = ledgerJson({ ...facts, time: formatTimestamp(now), type });
    ownFolder(this.#stateRoot, this.name);
    const log = openSync(join(this.path, 'events.jsonl'), appending, 0o600);
    try {
      writeSync(log, `${line}\n`);
    } finally {
      closeSync(log);
    }
  }

  #readJson(file: string): unknown {
    return parseJson(this.#readText(file) ?? '');
  }

  #readText(file: string): string | null {
    try {
      return readFileSync(join(this.path, file), 'utf8').replace(/^\uFEFF/, '');
    } catch {
      return null;
    }
  }

  #replace(file: string, content: string): void {
    replaceOwnFile(this.path, file, content);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
