/**
 * The closed set of things that can go wrong for a reason a user can act on.
 *
 * A code decides the exit status of the command line (1 refused, 2 usage) and whether the sentence is worth showing.
 * Nobody matches on message text: callers compare `code`.
 */
export const errorCodes = {
  usage: 2,
  unknown_task: 1,
  unknown_session: 1,
  unknown_run: 1,
  unknown_criterion: 1,
  unknown_cycle: 1,
  wrong_role: 1,
  no_binding: 1,
  already_bound: 1,
  session_state: 1,
  task_state: 1,
  invalid_name: 1,
  invalid_value: 1,
  invalid_json: 1,
  missing_input: 1,
  rollout_missing: 1,
  rollout_invalid: 1,
  rollout_shrank: 1,
  rollout_not_found: 1,
  rollout_ambiguous: 1,
  acknowledgement_missing: 1,
  permission_unknown: 1,
  permission_denied: 1,
  decision_invalid: 1,
  gate_failed: 1,
  identity_mismatch: 1,
  run_conflict: 1,
  loop_policy: 1,
  not_confirmed: 1,
  message_refused: 1,
  delivery_deferred: 1,
  delivery_failed: 1,
  pane_busy: 1,
  thread_held: 1,
  dialog_missing: 1,
  dialog_changed: 1,
  dialog_not_answerable: 1,
  tmux_missing: 1,
  tmux_denied: 1,
  tmux_not_running: 1,
  tmux_exists: 1,
  tmux_failed: 1,
  no_tmux_session: 1,
  codex_missing: 1,
  codex_exited: 1,
  codex_signed_out: 1,
  codex_timeout: 1,
  codex_unsupported: 1,
  app_server_missing: 1,
  app_server_failed: 1,
  app_server_refused: 1,
  browser_missing: 1,
  browser_failed: 1,
  cwd_missing: 1,
  supervisor_missing: 1,
  file_unreadable: 1,
  file_changed: 1,
  export_exists: 1,
  export_failed: 1,
  install_failed: 1,
  state_root_unwritable: 1,
  ledger_newer: 1,
  ledger_invalid: 1,
  ledger_busy: 1,
  runtime_unsupported: 1,
  not_supported: 1,
  interrupted: 130,
  internal: 1,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetails {
  /** Facts for logs and JSON: names, numbers, lists. Never what somebody typed. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** A refusal with a closed code and one clear sentence that says what to do. */
export class ConveyorError extends Error {
  override readonly name = 'ConveyorError';
  readonly code: ErrorCode;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, { facts = {}, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }

  get exitStatus(): number {
    return errorCodes[this.code];
  }

  static is(error: unknown, ...codes: ErrorCode[]): error is ConveyorError {
    return error instanceof ConveyorError && (codes.length === 0 || codes.includes(error.code));
  }
}

/** Shorthand for throwing: `throw refuse('unknown_task', 'Unknown task: t1')`. */
export function refuse(code: ErrorCode, message: string, details?: ErrorDetails): ConveyorError {
  return new ConveyorError(code, message, details);
}

export const unknownTask = (reference: string) =>
  refuse('unknown_task', `Unknown task: ${reference}. List tasks with "tasks", or create it with "tasks --create".`);

export const unknownSession = (name: string) =>
  refuse('unknown_session', `no session registered with name '${name}'; list them with "sessions --state all"`);

export const wrongRole = (name: string, role: string, expected: string) =>
  refuse('wrong_role', `session '${name}' is a ${role}, expected a ${expected}`);

export const noBinding = (reference: string) =>
  refuse('no_binding', `no active session-based binding for task '${reference}'; tie one with "bind"`);
