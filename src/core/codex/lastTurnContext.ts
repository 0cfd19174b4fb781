import { closeSync, fstatSync, readSync } from 'node:fs';
import * as z from 'zod/mini';
import { openPlainOrPacked, type OpenedRollout, unpack } from './packedRollout.ts';

const modes = ['read-only', 'workspace-write', 'danger-full-access'] as const;
const policies = ['untrusted', 'on-failure', 'on-request', 'never'] as const;

/** How a turn was allowed to run, in the words of Codex's flags. Null: that version writes it in another way. */
export interface TurnContext {
  readonly cwd: string | null;
  readonly sandbox: (typeof modes)[number] | null;
  readonly approval: (typeof policies)[number] | null;
}

const contextLine = z.looseObject({
  type: z.literal('turn_context'),
  payload: z.looseObject({
    cwd: z.optional(z.unknown()),
    approval_policy: z.optional(z.unknown()),
    sandbox_policy: z.optional(z.unknown()),
  }),
});

/** Each look is eight times as far back as the one before. */
const firstTail = 1024 * 1024;
const farthestTail = 64 * firstTail;

/**
 * The context of a rollout's last turn; null when there is none within its last 64 MB, or no such file. From the file
 * and not from the ledger: what the ledger says of it, any agent may have written.
 */
export function readLastTurnContext(path: string): TurnContext | null {
  let opened: OpenedRollout;
  try {
    opened = openPlainOrPacked(path);
  } catch {
    return null;
  }
  const { descriptor, isPacked } = opened;
  try {
    return isPacked ? contextInPacked(descriptor) : contextInPlain(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function contextInPlain(descriptor: number): TurnContext | null {
  const { size } = fstatSync(descriptor);
  for (let length = firstTail; ; length *= 8) {
    const tail = Buffer.alloc(Math.min(size, length));
    const read = readSync(descriptor, tail, 0, tail.length, size - tail.length);
    const found = lastContextIn(tail.toString('utf8', 0, read));
    if (found !== null || length >= size || length >= farthestTail) return found;
  }
}

/** A packed one can only be read from its start. */
function contextInPacked(descriptor: number): TurnContext | null {
  try {
    return lastContextIn(unpack(descriptor).subarray(-farthestTail).toString('utf8'));
  } catch {
    return null;
  }
}

function lastContextIn(text: string): TurnContext | null {
  for (let end = text.length; end > 0;) {
    const at = text.lastIndexOf('"turn_context"', end);
    if (at === -1) return null;
    const from = text.lastIndexOf('\n', at) + 1;
    const to = text.indexOf('\n', at);
    const context = parse(text.slice(from, to === -1 ? undefined : to));
    if (context !== null) return context;
    end = from - 1;
  }
  return null;
}

function parse(line: string): TurnContext | null {
  const parsed = contextLine.safeParse(jsonOrNull(line));
  if (!parsed.success) return null;
  const { cwd, approval_policy: approval, sandbox_policy: sandbox } = parsed.data.payload;
  // 0.40 calls it `mode`.
  const named = z.looseObject({ type: z.optional(z.string()), mode: z.optional(z.string()) }).safeParse(sandbox);
  const mode = named.success ? (named.data.type ?? named.data.mode) : null;
  return {
    cwd: typeof cwd === 'string' ? cwd : null,
    sandbox: modes.find((one) => one === mode) ?? null,
    approval: policies.find((one) => one === approval) ?? null,
  };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
