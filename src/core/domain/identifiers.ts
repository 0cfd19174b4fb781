/** Identifiers as the ledger has them: a prefix, `-`, and a lower-case uuid4. */
export type IdentifierPrefix =
  | 'task'
  | 'session'
  | 'session-token'
  | 'binding'
  | 'command'
  | 'run'
  | 'telemetry'
  | 'dispatch'
  | 'continuation'
  | 'epilogue'
  | 'export'
  | 'message'
  | 'open'
  | 'worker'
  | 'workerctl';

export function newIdentifier(prefix: IdentifierPrefix): string {
  return `${prefix}-${globalThis.crypto.randomUUID()}`;
}
