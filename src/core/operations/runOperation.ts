import { parseInput } from './argument.ts';
import type { AnyOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { masked, refuseLoneRaw } from './contentClasses.ts';

/** Runs an operation on input that came as data: palette, RPC, MCP. Throws `ConveyorError`. */
export async function runOperation(
  operation: AnyOperation,
  context: OperationContext,
  given: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const input = parseInput(operation.inputs, given);
  refuseLoneRaw(input);
  return masked(operation.name, await operation.run(context, input), input);
}
