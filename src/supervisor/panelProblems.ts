import { ConveyorError, type ErrorCode } from '../core/domain/errors.ts';
import type { Problem, ProblemKind } from '../protocol/snapshot.ts';

const kinds: Partial<Record<ErrorCode, ProblemKind>> = {
  state_root_unwritable: 'state_root_unwritable',
  ledger_invalid: 'ledger_invalid',
  ledger_newer: 'ledger_newer',
  runtime_unsupported: 'runtime_unsupported',
};

/** What stands in the engine's way, as the panel shows it; the sentence already says what to do. */
export function problemOf(error: unknown): Problem {
  const kind = error instanceof ConveyorError ? kinds[error.code] : undefined;
  return {
    kind: kind ?? 'engine_failed',
    message: error instanceof Error ? error.message : String(error),
    remedy: null,
  };
}
