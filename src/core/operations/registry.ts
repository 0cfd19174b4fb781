import { frequentOperations } from './frequentOperations.ts';
import type { AnyOperation } from './operation.ts';
import { otherOperations } from './otherOperations.ts';

/**
 * Every operation by its verb, loaded when it is first asked for: a process pays only for the verb it runs.
 */
const loaders = { ...frequentOperations, ...otherOperations } as const;

export type OperationName = keyof typeof loaders;

const aliases: Readonly<Record<string, OperationName>> = { search: 'discover' };

export const operationNames: readonly OperationName[] = Object.keys(loaders).filter(isOperationName).toSorted();

export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(loaders, name);
}

/** The operation behind a verb or an alias, or null. */
export async function loadOperation(name: string): Promise<AnyOperation | null> {
  const meant = Object.hasOwn(aliases, name) ? aliases[name] : name;
  return meant !== undefined && isOperationName(meant) ? loaders[meant]() : null;
}
