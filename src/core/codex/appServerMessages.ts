/** What comes over the app-server's socket, read once and tolerantly: one JSON object per frame. */
import * as z from 'zod/mini';
import type { ServerThread, ServerThreadStatus } from './appServer.ts';

const frame = z.object({
  id: z.optional(z.union([z.number(), z.string()])),
  method: z.optional(z.string()),
  params: z.optional(z.unknown()),
  result: z.optional(z.unknown()),
  error: z.optional(z.object({ code: z.optional(z.number()), message: z.string() })),
});

export type ServerFrame =
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly message: string }
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }
  /** The server asks its clients something: for the person's own client to answer. */
  | { readonly kind: 'request' }
  | { readonly kind: 'unreadable' };

export function readFrame(text: string): ServerFrame {
  const parsed = frame.safeParse(parseJson(text));
  if (!parsed.success) return { kind: 'unreadable' };
  const { id, method, params, result, error } = parsed.data;
  if (method !== undefined) return id === undefined ? { kind: 'notification', method, params } : { kind: 'request' };
  if (typeof id !== 'number') return { kind: 'unreadable' };
  return error === undefined ? { kind: 'answer', id, result } : { kind: 'refusal', id, message: error.message };
}

const statusShape = z.object({ type: z.string(), activeFlags: z.optional(z.array(z.string())) });
const threadShape = z.object({
  id: z.string(),
  status: z.optional(statusShape),
  path: z.optional(z.nullable(z.string())),
  cwd: z.optional(z.nullable(z.string())),
  createdAt: z.optional(z.nullable(z.number())),
  ephemeral: z.optional(z.boolean()),
  parentThreadId: z.optional(z.nullable(z.string())),
  canAcceptDirectInput: z.optional(z.nullable(z.boolean())),
});

export const loadedThreadsResult = z.object({ data: z.array(z.string()) });
export const readThreadResult = z.object({ thread: threadShape });
export const startTurnResult = z.object({ turn: z.object({ id: z.string() }) });
export const statusChanged = z.object({ threadId: z.string(), status: statusShape });

/** Null for a status that this version of ours does not know: then nothing is said. */
export function threadStatus({ type, activeFlags = [] }: z.infer<typeof statusShape>): ServerThreadStatus | null {
  switch (type) {
    case 'idle':
      return { kind: 'idle' };
    case 'systemError':
      return { kind: 'error' };
    case 'notLoaded':
      return { kind: 'not_loaded' };
    case 'active': {
      if (activeFlags.includes('waitingOnApproval')) return { kind: 'active', waitsFor: 'approval' };
      return { kind: 'active', waitsFor: activeFlags.includes('waitingOnUserInput') ? 'input' : null };
    }
    default:
      return null;
  }
}

export function serverThread(thread: z.infer<typeof threadShape>): ServerThread {
  const { id, status, path, cwd, createdAt, ephemeral, parentThreadId, canAcceptDirectInput } = thread;
  return {
    threadId: id,
    status: (status === undefined ? null : threadStatus(status)) ?? { kind: 'not_loaded' },
    rolloutPath: path ?? null,
    cwd: cwd ?? null,
    createdAt: createdAt == null ? null : createdAt * 1000,
    isSubagent: ephemeral === true || (parentThreadId ?? null) !== null,
    takesInput: canAcceptDirectInput === true,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
