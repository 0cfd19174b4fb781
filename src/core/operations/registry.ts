import type { AnyOperation } from './operation.ts';

/**
 * Every operation by its verb, loaded when it is first asked for: a process pays only for the verb it runs.
 */
const loaders = {
  bind: async () => (await import('./bind.ts')).bind,
  'db-doctor': async () => (await import('./dbDoctor.ts')).dbDoctor,
  deregister: async () => (await import('./deregister.ts')).deregister,
  doctor: async () => (await import('./doctor.ts')).doctor,
  'register-manager': async () => (await import('./register.ts')).registerManager,
  'register-worker': async () => (await import('./register.ts')).registerWorker,
  sessions: async () => (await import('./sessions.ts')).sessions,
  tasks: async () => (await import('./tasks.ts')).tasks,
  unbind: async () => (await import('./unbind.ts')).unbind,
} as const;

export type OperationName = keyof typeof loaders;

const aliases: Readonly<Record<string, OperationName>> = {};

export const operationNames: readonly OperationName[] = Object.keys(loaders).filter(isOperationName).toSorted();

export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(loaders, name);
}

/** The operation behind a verb or an alias, or null. */
export async function loadOperation(name: string): Promise<AnyOperation | null> {
  const known = isOperationName(name) ? name : aliases[name];
  return known === undefined ? null : loaders[known]();
}
