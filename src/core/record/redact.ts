import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';

/**
 * What may be shown to somebody who did not ask for content: the one policy of every shareable surface (OD-33, AT-2).
 *
 * Numbers, truth values and nulls pass. Text passes under the names of fields that are listed here, in the objects that
 * are listed here, and nowhere else: a new field of a new Codex is hidden until somebody decides about it. What is hidden
 * leaves its measure behind. Names of tasks, sessions and runs, identifiers and paths are no content: without them
 * nobody could tell what a record is about.
 */
interface Policy {
  /** Text that passes as it is. */
  readonly fields: ReadonlySet<string>;
  /** Text that passes when it is a code of the supervisor's, such as `missing_required_evidence`; a sentence does not. */
  readonly codes: ReadonlySet<string>;
  /** Text that passes when it is an identifier of ours. */
  readonly identifiers: ReadonlySet<string>;
  /** Objects that the same policy is for. Inside of any other no text passes, whatever its name. */
  readonly structures: ReadonlySet<string>;
}

const identities = [
  'type subtype kind role status state phase source stream mode name namespace tool provider event_type record_type',
  'id call_id turn_id thread_id session_id message_id response_id client_id process_id window_id hookRunId limit_id',
  'parent_thread_id parent_turn_id root_turn_id forked_from_id new_thread_id sender_thread_id receiver_thread_ids',
  'first_window_id previous_window_id last_started_turn_id compaction_response_id thread_source turn_trigger revision',
  'timestamp created_at updated_at started_at completed_at delivered_at consumed_at current_date timezone time',
];

/** What Codex itself puts into a rollout. */
const rollout: Policy = {
  fields: names(
    ...identities,
    'originator cli_version codex_version history_mode cwd workdir shell branch commit_hash model model_provider',
    'model_provider_id reasoning_effort reasoning_summary personality multi_agent_version collaboration_mode_kind',
    'approval approval_policy approvals_reviewer requested_approvals_reviewer sandbox network access',
    'codex_error_info content_item_kinds decision',
  ),
  codes: names('reason error_type'),
  identifiers: names(),
  structures: names('git source sandbox_policy collaboration_mode settings info rate_limits primary secondary item'),
};

/** What the supervisor itself puts on record: identities, names, states, choices. */
const record: Policy = {
  fields: names(
    ...identities,
    'cwd codex_version model',
    'task_id task_name binding_id binding_state run_id command_id command_type command_state correlation_id',
    'idempotency_key dedupe_key dispatcher_id delivery_mode signal_type source_session source_session_id',
    'source_session_name target_session target_session_id target_session_name consumed_by_session_id',
    'consumed_by_session_name source_event_timestamp manager_session worker_session session target',
    'required_permission permission step_name decision agreement verdict payload_keys',
    'previous_status ralph_loop_run_id notable_pattern pattern recommended_action',
    'action run_name retention_class segment_kind capture_kind last_event_subtype notable_pane_pattern',
    'source_session_role target_session_role task worker manager signal observed_by startup proposer',
    'supervision_mode permissions epilogues granted withheld nudge_on_completion failure_stage slash_command',
    'claimed_by claimed_at claim_expires_at available_at captured_at finished_at ended_at last_state_event_at',
    'warnings allowed_decisions missing missing_or_incomplete required_steps capture_transcript_mode allowed_context',
    'codex_session_id content_sha256 sha256 reviewer_session_id manager_session_id worker_session_id tmux_session',
    'tmux_pane_id live_pane_id db_session codex_session_path since observed_at',
    'export_id export_dir legacy_command',
  ),
  codes: names(
    'reason reasons error error_type purpose key',
    // Of a template they are ours; of a policy that was written by hand, anybody's words.
    'template preset cleanup_policy stop_conditions required_before_continue missing_evidence evidence_type',
    'recommended_tools tags',
    // Permissions, by what they are about.
    'repo communication verification context',
  ),
  identifiers: names('run'),
  structures: names(
    'result send_result permission_check loop_policy ralph_loop manager_decision decision active_binding binding',
    'final_audit final_ack_audit final_epilogue_audit open_criteria steps manager_identity worker_identity',
    'pane_signal ingest task classifier busy_wait criteria_negotiation permissions correlation',
    // What a cycle keeps of all that it looked at.
    'attention sources observation worker manager manager_context manager_config worker_receipt worker_ack manager_ack',
    'worker_handoff acceptance_criteria open proposed satisfied deferred rejected',
  ),
};

/** What an agent or a person wrote as JSON: they choose the names of its fields, so no name makes it anything else. */
const words: Policy = {
  fields: names(),
  codes: names('evidence_type source'),
  identifiers: names('command_id task_id run_id ralph_loop_run_id binding_id session_id'),
  structures: names(),
};

function names(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')).filter(Boolean));
}

/** An event of a rollout without words. */
export function redactRollout(payload: JsonObject): JsonObject {
  return redactObject(payload, rollout);
}

/** A record of the supervisor's without words. */
export function redactRecord(object: JsonObject): JsonObject {
  return redactObject(object, record);
}

/** What somebody wrote as JSON, without what it says. */
export function redactWords(object: JsonObject): JsonObject {
  return redactObject(object, words);
}

/** An object whose keys are no names of fields (paths, for one) is content as a whole. */
const fieldName = /^[A-Za-z_][\w-]{0,60}$/;
const looksLikeIdentifier = /^[0-9a-f]{8}-[0-9a-f-]{20,}$/;

function redactObject(object: JsonObject, policy: Policy): JsonObject {
  const shown: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(object)) {
    if (typeof value !== 'object' && typeof value !== 'string') shown.push([key, value]);
    else if (isShown(key, value, policy)) shown.push([key, value]);
    else {
      const said = wordsOf(value);
      if (said === null) shown.push([key, redact(value, policy.structures.has(key) ? policy : words)]);
      else shown.push(...measured(`${key}_`, said));
    }
  }
  return Object.fromEntries(shown);
}

function redact(value: JsonValue, policy: Policy): JsonValue {
  if (isJsonObject(value)) return redactObject(value, policy);
  if (Array.isArray(value)) return value.map((item: JsonValue) => redactItem(item, policy));
  return value;
}

function redactItem(item: JsonValue, policy: Policy): JsonValue {
  return typeof item === 'string' ? Object.fromEntries(measured('', item)) : redact(item, policy);
}

function isShown(key: string, value: JsonValue, policy: Policy): boolean {
  if (typeof value === 'string') return isShownText(key, value, policy);
  return (
    Array.isArray(value) && value.every((item: JsonValue) => typeof item === 'string' && isShownText(key, item, policy))
  );
}

function isShownText(key: string, text: string, { fields, codes, identifiers }: Policy): boolean {
  return fields.has(key) || (codes.has(key) && isCode(text)) || (identifiers.has(key) && isIdentifier(text));
}

function isIdentifier(text: string): boolean {
  return /^[a-z]{1,20}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

const plainCodes = names(
  'interrupted replaced aborted internal usage',
  'clear compact cleanup merge',
  // Tags and tools of the templates of loops.
  'build context repo ci tests visual frontend qa gh coverage browser playwright pixelmatch verification.run_tests',
  'Escape Enter C-c C-u Tab Up Down',
);

/** The name of an error's kind, as the reference puts it on record. */
const errorName = /^[A-Z][A-Za-z]{0,40}(?:Error|Exception|Expired)$/;

/** Codes, and lists of what belongs to them: `missing_required_evidence missing_evidence=build_passed,cleanup`. */
export function isCode(text: string): boolean {
  if (plainCodes.has(text) || errorName.test(text)) return true;
  return text.split(' ').every((part) => /^[a-z0-9]+[_=][\w=,.-]{1,200}$/.test(part));
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

function measured(prefix: string, said: string): [string, JsonValue][] {
  const { bytes, lines } = measure(said);
  return [
    [`${prefix}redacted`, true],
    [`${prefix}byte_count`, bytes],
    [`${prefix}line_count`, lines],
  ];
}

/** Size in UTF-8, and lines: none in nothing, and a final line break begins no new one. */
export function measure(said: string): { readonly bytes: number; readonly lines: number } {
  const breaks = said.match(/\r\n|[\n\r]/g)?.length ?? 0;
  const lines = said === '' ? 0 : breaks + (/[\n\r]$/.test(said) ? 0 : 1);
  return { bytes: Buffer.byteLength(said), lines };
}

/** What stands in the place of text that was hidden, where something must stand: in a column, or in a sentence. */
export function redactedText(said: string): string {
  const { bytes, lines } = measure(said);
  return hiddenText(bytes, lines);
}

/** The same of text that was only measured. */
export function hiddenText(bytes: number, lines: number): string {
  return `[${bytes} bytes, ${lines} lines; shown with --include-content]`;
}
