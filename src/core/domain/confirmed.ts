/**
 * What the person, or something that runs with the person's rights, said about a session or a binding from outside every
 * sandbox. The ledger says the same in rows; but a sandboxed agent can write those.
 */
export interface ConfirmedSession {
  readonly sessionId: string;
  readonly name: string;
  readonly role: 'worker' | 'manager';
  /** Null while Codex had not begun a thread that showed. */
  readonly threadId: string | null;
  readonly tmuxSession: string | null;
  /** Null for the usual server. */
  readonly tmuxSocket: string | null;
  readonly paneId: string | null;
}

export interface ConfirmedBinding {
  readonly bindingId: string;
  readonly taskId: string;
  readonly workerSessionId: string;
  readonly managerSessionId: string;
}

/** Names of what the ledger says otherwise by now; empty when both agree. */
export function sessionContradictions(confirmed: ConfirmedSession, current: ConfirmedSession): readonly string[] {
  const isOtherThread =
    confirmed.threadId !== null && current.threadId !== null && confirmed.threadId !== current.threadId;
  return [
    ...differing(confirmed, current, ['role', 'tmuxSession', 'tmuxSocket', 'paneId']),
    ...(isOtherThread ? ['threadId'] : []),
  ];
}

export function bindingContradictions(confirmed: ConfirmedBinding, current: ConfirmedBinding): readonly string[] {
  return differing(confirmed, current, ['taskId', 'workerSessionId', 'managerSessionId']);
}

function differing<T>(left: T, right: T, keys: readonly (keyof T & string)[]): readonly string[] {
  return keys.filter((key) => left[key] !== right[key]);
}
