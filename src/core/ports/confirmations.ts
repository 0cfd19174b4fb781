import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { ConfirmedBinding, ConfirmedSession } from '../domain/confirmed.ts';
import { makeFolder } from './makeFolder.ts';

/** What was confirmed for one ledger. Kept where no sandboxed agent can write. */
export interface Confirmations {
  session(sessionId: string): ConfirmedSession | null;
  binding(bindingId: string): ConfirmedBinding | null;
  /** tmux sockets of confirmed sessions. */
  sockets(): ReadonlySet<string>;
  /** False where nothing can be written there: inside a sandbox, above all. */
  confirmSession(session: ConfirmedSession): boolean;
  confirmBinding(binding: ConfirmedBinding): boolean;
}

const confirmedSession = (): z.ZodMiniType<ConfirmedSession> =>
  z.object({
    sessionId: z.string(),
    name: z.string(),
    role: z.enum(['worker', 'manager']),
    threadId: z.nullable(z.string()),
    tmuxSession: z.nullable(z.string()),
    tmuxSocket: z.nullable(z.string()),
    paneId: z.nullable(z.string()),
  });

const confirmedBinding = (): z.ZodMiniType<ConfirmedBinding> =>
  z.object({
    bindingId: z.string(),
    taskId: z.string(),
    workerSessionId: z.string(),
    managerSessionId: z.string(),
  });

/**
 * A file each, named after the digest of the id (an id is a row's word): written whole under another name first, so that
 * any number of processes may confirm at once. What can't be read counts as not confirmed.
 */
export function folderConfirmations(folderOf: () => string): Confirmations {
  const cache = new FolderCache();
  return {
    session: (id) => cache.of(folderOf()).get(sessionFile(id), confirmedSession()),
    binding: (id) => cache.of(folderOf()).get(bindingFile(id), confirmedBinding()),
    sockets: () => readSockets(cache.of(folderOf())),
    confirmSession: (session) => write(folderOf(), sessionFile(session.sessionId), session),
    confirmBinding: (binding) => write(folderOf(), bindingFile(binding.bindingId), binding),
  };
}

/**
 * What was read of a folder, until something in it changes: a panel asks for hundreds at each look. What is missing is
 * looked for again each time, as it may come within one tick of the file system's clock.
 */
class FolderCache {
  #folder = '';
  #stamp = 0;
  readonly #found = new Map<string, unknown>();

  of(folder: string): this {
    const stamp = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (folder !== this.#folder || stamp !== this.#stamp) this.#found.clear();
    this.#folder = folder;
    this.#stamp = stamp;
    return this;
  }

  names(): readonly string[] {
    return list(this.#folder);
  }

  get<T>(name: string, schema: z.ZodMiniType<T>): T | null {
    try {
      const content: unknown = this.#found.get(name) ?? JSON.parse(readFileSync(join(this.#folder, name), 'utf8'));
      const parsed = schema.parse(content);
      this.#found.set(name, content);
      return parsed;
    } catch {
      return null;
    }
  }
}

/** In memory. `isWritable` false is a sandbox. */
export class FakeConfirmations implements Confirmations {
  readonly sessions = new Map<string, ConfirmedSession>();
  readonly bindings = new Map<string, ConfirmedBinding>();
  isWritable = true;

  session(id: string): ConfirmedSession | null {
    return this.sessions.get(id) ?? null;
  }

  binding(id: string): ConfirmedBinding | null {
    return this.bindings.get(id) ?? null;
  }

  sockets(): ReadonlySet<string> {
    return socketsOf([...this.sessions.values()]);
  }

  confirmSession(session: ConfirmedSession): boolean {
    if (this.isWritable) this.sessions.set(session.sessionId, session);
    return this.isWritable;
  }

  confirmBinding(binding: ConfirmedBinding): boolean {
    if (this.isWritable) this.bindings.set(binding.bindingId, binding);
    return this.isWritable;
  }
}

const sessionFile = (id: string): string => `session-${digest(id)}.json`;
const bindingFile = (id: string): string => `binding-${digest(id)}.json`;

function digest(id: string): string {
  // Not imported: the command line starts without it (docs/adr/0003).
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(id).digest('hex').slice(0, 32);
}

function readSockets(folder: FolderCache): ReadonlySet<string> {
  const names = folder.names().filter((name) => name.startsWith('session-') && name.endsWith('.json'));
  return socketsOf(names.map((name) => folder.get(name, confirmedSession())));
}

function socketsOf(sessions: readonly (ConfirmedSession | null)[]): ReadonlySet<string> {
  return new Set(sessions.flatMap((session) => session?.tmuxSocket ?? []));
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function write(folder: string, name: string, content: object): boolean {
  const draft = join(folder, `${name}.${process.pid}.new`);
  try {
    makeFolder(folder);
    writeFileSync(draft, `${JSON.stringify(content)}\n`, { mode: 0o600 });
    renameSync(draft, join(folder, name));
    return true;
  } catch {
    return false;
  }
}
