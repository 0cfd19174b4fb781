// Not the global of the same name: that sets the whole of WebCrypto up, which costs a call of `conveyor` 4 ms.
import { randomUUID } from 'node:crypto';

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
  return `${prefix}-${randomUUID()}`;
}
