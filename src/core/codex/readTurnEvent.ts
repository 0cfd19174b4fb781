import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import type {
  RateLimits,
  RateLimitWindow,
  TokenUsage,
  TurnEvent,
  TurnEventVariant,
  TurnGrammar,
} from '../domain/turnEvent.ts';
import { isFlatHead, type RolloutRecord } from './parseRolloutLine.ts';
import { readModelError } from './readModelError.ts';

/** What is needed of a record; a row of the ledger has it too. */
export type TurnRecord = Pick<RolloutRecord, 'timestamp' | 'type' | 'payload'>;

/** Says what a record of any Codex version means. Never throws; what nobody knows is kept as `other`. */
export function readTurnEvent({ timestamp, type, payload }: TurnRecord): TurnEvent {
  return { at: timestamp, ...readVariant(type, payload) };
}

function readVariant(type: string, payload: JsonObject): TurnEventVariant {
  switch (type) {
    case 'event_msg':
      return readEventMessage(payload);
    case 'response_item':
      return readResponseItem(payload);
    case 'session_meta':
      return { kind: 'sessionStarted', threadId: text(payload.id), grammar: readGrammar(payload) };
    case 'compacted':
      return { kind: 'compacted' };
    case 'token_usage_record':
      return {
        kind: 'usageSeen',
        rateLimits: null,
        threadTokens: readTokens(payload.thread_token_usage),
        lastTokens: readTokens(payload.usage),
        contextWindow: null,
      };
    default:
      return other(type, payload);
  }
}

function readEventMessage(payload: JsonObject): TurnEventVariant {
  const turnId = text(payload.turn_id);
  switch (payload.type) {
    case 'task_started':
      return { kind: 'turnStarted', turnId };
    case 'user_message':
      // 0.36 to 0.40 told its own additions apart by `kind`.
      return payload.kind === undefined || payload.kind === 'plain'
        ? { kind: 'userMessageSeen', turnId, text: text(payload.message) ?? '' }
        : other('event_msg', payload);
    case 'agent_message':
      return { kind: 'agentMessageSeen', turnId, text: text(payload.message) ?? '' };
    case 'item_completed':
      return readCompletedItem(turnId, payload);
    case 'task_complete':
      return {
        kind: 'turnCompleted',
        turnId,
        lastAgentMessage: text(payload.last_agent_message),
        error: isJsonObject(payload.error) ? readModelError(payload.error) : null,
        durationMs: number(payload.duration_ms),
      };
    case 'turn_aborted':
      return { kind: 'turnAborted', turnId, reason: text(payload.reason) };
    case 'error':
      return { kind: 'modelErrorSeen', error: readModelError(payload) };
    case 'token_count':
      return readTokenCount(payload);
    default:
      return other('event_msg', payload);
  }
}

/** From 0.147: one line per finished item instead of one event type each. */
function readCompletedItem(turnId: string | null, payload: JsonObject): TurnEventVariant {
  const item = isJsonObject(payload.item) ? payload.item : {};
  switch (item.type) {
    case 'UserMessage':
      return { kind: 'userMessageSeen', turnId, text: joinedText(item.content) };
    case 'AgentMessage':
      return { kind: 'agentMessageSeen', turnId, text: joinedText(item.content) };
    default:
      return other('event_msg', payload);
  }
}

function readResponseItem(payload: JsonObject): TurnEventVariant {
  const { type } = payload;
  if (type === 'message' && payload.role === 'assistant') {
    return { kind: 'assistantItemSeen', text: joinedText(payload.content) };
  }
  if (type === 'message' && payload.role === 'user') {
    const words = joinedText(payload.content);
    return isAddedByCodex(words) ? other('response_item', payload) : { kind: 'userItemSeen', text: words };
  }
  const callId = text(payload.call_id);
  if (callId !== null && typeof type === 'string') {
    // function_call, custom_tool_call, local_shell_call, tool_search_call, and their …_output.
    if (type.endsWith('_call'))
      return { kind: 'toolStarted', turnId: turnOfItem(payload), callId, name: text(payload.name) };
    if (type.endsWith('_output')) return { kind: 'toolEnded', callId };
  }
  return other('response_item', payload);
}

/** From 0.160 items carry the id of their turn for themselves. */
function turnOfItem({ internal_chat_message_metadata_passthrough: metadata }: JsonObject): string | null {
  return isJsonObject(metadata) ? text(metadata.turn_id) : null;
}

function readTokenCount(payload: JsonObject): TurnEventVariant {
  const info = isJsonObject(payload.info) ? payload.info : {};
  return {
    kind: 'usageSeen',
    rateLimits: isJsonObject(payload.rate_limits) ? readRateLimits(payload.rate_limits) : null,
    threadTokens: readTokens(info.total_token_usage),
    lastTokens: readTokens(info.last_token_usage),
    contextWindow: number(info.model_context_window),
  };
}

/** 0.60 and later nest the windows; 0.40 writes `primary_used_percent` and so on, without a reset time. */
function readRateLimits(limits: JsonObject): RateLimits | null {
  const window = (name: 'primary' | 'secondary'): RateLimitWindow | null => {
    const nested = limits[name];
    const usedPercent = number(isJsonObject(nested) ? nested.used_percent : limits[`${name}_used_percent`]);
    if (usedPercent === null) return null;
    if (!isJsonObject(nested)) {
      return { usedPercent, windowMinutes: number(limits[`${name}_window_minutes`]), resetsAt: null };
    }
    return { usedPercent, windowMinutes: number(nested.window_minutes), resetsAt: number(nested.resets_at) };
  };
  const primary = window('primary');
  const secondary = window('secondary');
  return primary === null && secondary === null ? null : { primary, secondary };
}

function readTokens(value: JsonValue | undefined): TokenUsage | null {
  if (!isJsonObject(value)) return null;
  return {
    input: number(value.input_tokens) ?? 0,
    cachedInput: number(value.cached_input_tokens) ?? 0,
    output: number(value.output_tokens) ?? 0,
    reasoningOutput: number(value.reasoning_output_tokens) ?? 0,
    total: number(value.total_tokens) ?? 0,
  };
}

/** Bisected: 0.98 writes no start or end of a turn, 0.101 does. Builds from source call themselves 0.0.0. */
function readGrammar(meta: JsonObject): TurnGrammar {
  if (isFlatHead(meta)) return 'flat';
  const match = /^(\d+)\.(\d+)\.\d+/u.exec(text(meta.cli_version) ?? '');
  if (match === null || match[0] === '0.0.0') return 'unknown';
  return Number(match[1]) > 0 || Number(match[2]) >= 101 ? 'marked' : 'unmarked';
}

/** Items with role user that nobody typed. */
const ADDED_BY_CODEX =
  /^\s*(?:<(?:environment_context|user_instructions|turn_aborted|hook_prompt|subagent_notification|user_shell_command|skill|permissions instructions)\b|# AGENTS\.md instructions\b)/u;

function isAddedByCodex(words: string): boolean {
  return ADDED_BY_CODEX.test(words);
}

function joinedText(content: JsonValue | undefined): string {
  if (!Array.isArray(content)) return '';
  return content.map((part: JsonValue) => (isJsonObject(part) ? (text(part.text) ?? '') : '')).join('');
}

function other(type: string, payload: JsonObject): TurnEventVariant {
  return { kind: 'other', type, subtype: text(payload.type) };
}

function text(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function number(value: JsonValue | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
