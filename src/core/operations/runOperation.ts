import { parseInput } from './argument.ts';
import type { AnyOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';

/** Runs an operation on input that came as data: palette, RPC, MCP. Throws `ConveyorError`. */
export async function runOperation(
  operation: AnyOperation,
  context: OperationContext,
  given: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  return operation.run(context, parseInput(operation.inputs, given));
}
