import * as z from 'zod/mini';
import type { SignalKind } from '../domain/attentionEvidence.ts';

export interface HookReport {
  readonly threadId: string;
  readonly kind: SignalKind;
}

const hookShape = z.object({
  hook_event_name: z.string(),
  session_id: z.string(),
  status: z.optional(z.unknown()),
});
const notifyShape = z.object({ type: z.string(), 'thread-id': z.string() });

const kinds: Readonly<Record<string, SignalKind | undefined>> = {
  UserPromptSubmit: 'turn_started',
  Stop: 'turn_ended',
  Interrupt: 'turn_ended',
  PermissionRequest: 'approval_requested',
};

/**
 * What one of Codex's hooks, or its `notify`, reports (facts/codex.md, section 6). Null for anything else: a hook of
 * another kind, a `notify` of before 0.80, which names no thread.
 */
export function readHookReport(text: string): HookReport | null {
  const content = parseJson(text);
  const hook = hookShape.safeParse(content);
  if (hook.success) {
    const { hook_event_name: event, session_id: threadId, status } = hook.data;
    const isFailure = event === 'PostModelRequest' && status === 'failed';
    const kind = isFailure ? 'model_failed' : kinds[event];
    return kind === undefined ? null : { threadId, kind };
  }
  const notify = notifyShape.safeParse(content);
  if (!notify.success || notify.data.type !== 'agent-turn-complete') return null;
  return { threadId: notify.data['thread-id'], kind: 'turn_ended' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
