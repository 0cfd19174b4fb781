/**
 * How a rollout tells where turns begin and end.
 *
 * - `marked` (Codex 0.101 and later): lines of their own say so.
 * - `unmarked` (0.36 to 0.98): a user message begins a turn; an assistant item with no call open ends it.
 * - `flat` (before 0.36): the same, and user messages are plain items.
 * - `unknown`: the head did not say. Nothing may be inferred, so a turn stays open until a line ends it.
 */
export type TurnGrammar = 'unknown' | 'flat' | 'unmarked' | 'marked';

export type ModelErrorKind =
  | 'usage_limit'
  | 'rate_limit'
  | 'overloaded'
  | 'server_error'
  | 'context_window'
  | 'auth'
  | 'other';

export interface ModelError {
  readonly kind: ModelErrorKind;
  readonly message: string;
}

export interface RateLimitWindow {
  readonly usedPercent: number;
  readonly windowMinutes: number | null;
  /** Epoch seconds; null in versions that do not write it. */
  readonly resetsAt: number | null;
}

export interface RateLimits {
  readonly primary: RateLimitWindow | null;
  readonly secondary: RateLimitWindow | null;
}

export interface TokenUsage {
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
  readonly reasoningOutput: number;
  readonly total: number;
}

/** What a rollout line of any version means for the turn of its thread. Null: that version does not write it. */
export type TurnEventVariant =
  | { readonly kind: 'sessionStarted'; readonly threadId: string | null; readonly grammar: TurnGrammar }
  | { readonly kind: 'turnStarted'; readonly turnId: string | null }
  /** Words of the person (or of whoever typed for them), never what Codex adds by itself. */
  | { readonly kind: 'userMessageSeen'; readonly turnId: string | null; readonly text: string }
  /** A user item of the conversation: the person's words only where the grammar is `flat`. */
  | { readonly kind: 'userItemSeen'; readonly text: string }
  | { readonly kind: 'agentMessageSeen'; readonly turnId: string | null; readonly text: string }
  /** An assistant item of the conversation, complete. */
  | { readonly kind: 'assistantItemSeen'; readonly text: string }
  | {
      readonly kind: 'toolStarted';
      readonly turnId: string | null;
      readonly callId: string;
      readonly name: string | null;
    }
  | { readonly kind: 'toolEnded'; readonly callId: string }
  | {
      readonly kind: 'turnCompleted';
      readonly turnId: string | null;
      readonly lastAgentMessage: string | null;
      readonly error: ModelError | null;
      readonly durationMs: number | null;
    }
  | { readonly kind: 'turnAborted'; readonly turnId: string | null; readonly reason: string | null }
  | { readonly kind: 'modelErrorSeen'; readonly error: ModelError }
  | { readonly kind: 'compacted' }
  | {
      readonly kind: 'usageSeen';
      readonly rateLimits: RateLimits | null;
      /** Of the whole thread, and of the last answer. */
      readonly threadTokens: TokenUsage | null;
      readonly lastTokens: TokenUsage | null;
      readonly contextWindow: number | null;
    }
  | { readonly kind: 'other'; readonly type: string; readonly subtype: string | null };

/** `at` is the line's own timestamp, as written; null where it has none. */
export type TurnEvent = TurnEventVariant & { readonly at: string | null };
