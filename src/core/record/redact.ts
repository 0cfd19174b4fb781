import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';

/**
 * What may be shown to somebody who did not ask for content: the one policy of every shareable surface (OD-33, AT-2).
 *
 * Numbers, truth values and nulls pass. Text passes under the field names listed here and nowhere else; a new field of a
 * new Codex is hidden until somebody decides about it. What is hidden leaves its measure behind.
 */
const shownFields: ReadonlySet<string> = new Set(
  [
    // What a record is, and how it belongs to others.
    'type subtype kind role status state phase source stream mode name namespace tool provider event_type record_type',
    'id call_id turn_id thread_id session_id message_id response_id client_id process_id window_id hookRunId limit_id',
    'parent_thread_id parent_turn_id root_turn_id forked_from_id new_thread_id sender_thread_id receiver_thread_ids',
    'first_window_id previous_window_id last_started_turn_id compaction_response_id thread_source turn_trigger revision',
    'timestamp created_at updated_at started_at completed_at delivered_at consumed_at current_date timezone time',
    // Of Codex.
    'originator cli_version codex_version history_mode cwd workdir shell branch commit_hash model model_provider',
    'model_provider_id reasoning_effort reasoning_summary personality multi_agent_version collaboration_mode_kind',
    'approval approval_policy approvals_reviewer requested_approvals_reviewer sandbox network access reason',
    'codex_error_info content_item_kinds',
    // Of the ledger: identities, names, states, and what the supervisor itself put on record.
    'task_id task_name binding_id binding_state run_id command_id command_type command_state correlation_id',
    'idempotency_key dedupe_key dispatcher_id delivery_mode signal_type source_session source_session_id',
    'source_session_name target_session target_session_id target_session_name consumed_by_session_id',
    'consumed_by_session_name source_event_timestamp manager_session worker_session session target',
    'required_permission permission step_name decision agreement verdict payload_keys error_type error',
    'previous_status criterion proof rationale evidence_type ralph_loop_run_id notable_pattern pattern recommended_action',
  ].flatMap((line) => line.split(' ')),
);

/** An object whose keys are no names of fields (paths, for one) is content as a whole. */
const fieldName = /^[A-Za-z_][\w-]{0,60}$/;
const looksLikeIdentifier = /^[0-9a-f]{8}-[0-9a-f-]{20,}$/;

/** A copy without words; `extra` names further fields that a surface may show. */
export function redact(value: JsonValue, extra: ReadonlySet<string> = noFields): JsonValue {
  if (isJsonObject(value)) return redactObject(value, extra);
  if (Array.isArray(value)) return value.map((item: JsonValue) => redactItem(item, extra));
  return value;
}

const noFields: ReadonlySet<string> = new Set();

export function redactObject(object: JsonObject, extra: ReadonlySet<string> = noFields): JsonObject {
  const shown = Object.entries(object).flatMap(([key, value]): [string, JsonValue][] => {
    if (isShown(key, value, extra)) return [[key, value]];
    const words = wordsOf(value);
    if (words !== null) return measured(`${key}_`, words);
    return [[key, redact(value, extra)]];
  });
  return Object.fromEntries(shown);
}

function isShown(key: string, value: JsonValue, extra: ReadonlySet<string>): boolean {
  const isText = typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
  return isText && (shownFields.has(key) || extra.has(key));
}

/** The text that a value is as a whole; null when it has parts to be looked at. */
function wordsOf(value: JsonValue): string | null {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    return value.length > 0 && value.every((item) => typeof item === 'string') ? value.join('\n') : null;
  }
  if (!isJsonObject(value)) return null;
  const isNamed = Object.keys(value).every((key) => fieldName.test(key) || looksLikeIdentifier.test(key));
  return isNamed ? null : JSON.stringify(value);
}

function redactItem(item: JsonValue, extra: ReadonlySet<string>): JsonValue {
  return typeof item === 'string' ? Object.fromEntries(measured('', item)) : redact(item, extra);
}

function measured(prefix: string, words: string): [string, JsonValue][] {
  const { bytes, lines } = measure(words);
  return [
    [`${prefix}redacted`, true],
    [`${prefix}byte_count`, bytes],
    [`${prefix}line_count`, lines],
  ];
}

/** Size in UTF-8, and lines: none in nothing, and a final line break begins no new one. */
export function measure(words: string): { readonly bytes: number; readonly lines: number } {
  const breaks = words.match(/\r\n|[\n\r]/g)?.length ?? 0;
  const lines = words === '' ? 0 : breaks + (/[\n\r]$/.test(words) ? 0 : 1);
  return { bytes: Buffer.byteLength(words), lines };
}

/** The same for text that stands alone. */
export function redactedText(words: string): string {
  const { bytes, lines } = measure(words);
  return `[${bytes} bytes, ${lines} lines; shown with --include-content]`;
}
