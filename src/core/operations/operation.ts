import type * as z from 'zod/mini';
import type { Arguments, InputOf } from './argument.ts';
import type { OperationContext } from './operationContext.ts';

/**
 * One thing that Agent Conveyor can do, defined once and offered as CLI verb, palette command, MCP tool and JSON schema.
 *
 * `run` throws `ConveyorError` for everything a user can act on.
 */
export interface Operation<Inputs extends Arguments, Output> {
  /** The verb of the command line: `register-worker`. */
  readonly name: string;
  readonly summary: string;
  /** `reads` the ledger, `writes` it, or `acts` on panes and processes. */
  readonly effect: 'reads' | 'writes' | 'acts';
  readonly inputs: Inputs;
  /** Groups of inputs of which at most one (or exactly one) may be given. */
  readonly exclusive?: readonly ExclusiveGroup[];
  output(): z.ZodMiniType<Output>;
  run(context: OperationContext, input: InputOf<Inputs>): Output | Promise<Output>;
  /** What people read when they did not ask for JSON. Without it the output is always JSON. */
  text?(output: Output, input: InputOf<Inputs>, context: OperationContext): string;
  /** A remark beside the answer, for standard error: what was left out, for one. Null when there is nothing to say. */
  notice?(output: Output, input: InputOf<Inputs>): string | null;
  /** `compact` prints one line in the order of the keys, as the reference does for two verbs. */
  readonly layout?: 'sorted' | 'compact';
  /** 1 for a negative answer that is still printed. */
  exitStatus?(output: Output, input: InputOf<Inputs>): 0 | 1;
}

export interface ExclusiveGroup {
  readonly names: readonly string[];
  readonly required: boolean;
}

/** An operation whose types are no longer known: what the registry hands out. */
export type AnyOperation = Operation<Arguments, unknown>;

export function defineOperation<const Inputs extends Arguments, Output>(
  operation: Operation<Inputs, Output>,
): Operation<Inputs, Output> {
  return operation;
}
