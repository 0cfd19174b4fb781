import type { AnyOperation } from './operation.ts';

/**
 * Every operation by its verb, loaded when it is first asked for: a process pays only for the verb it runs.
 */
const loaders = {
  bind: async () => (await import('./bind.ts')).bind,
  'create-disposable-binding': async () => (await import('./createDisposableBinding.ts')).createDisposableBinding,
  criteria: async () => (await import('./criteria.ts')).criteria,
  'criteria-plan': async () => (await import('./criteriaPlan.ts')).criteriaPlan,
  'db-doctor': async () => (await import('./dbDoctor.ts')).dbDoctor,
  deregister: async () => (await import('./deregister.ts')).deregister,
  discover: async () => (await import('./discover.ts')).discover,
  doctor: async () => (await import('./doctor.ts')).doctor,
  handoff: async () => (await import('./handoff.ts')).handoff,
  ingest: async () => (await import('./ingest.ts')).ingest,
  'manager-ack': async () => (await import('./acknowledgements.ts')).managerAck,
  'manager-config': async () => (await import('./managerConfig.ts')).managerConfig,
  'manager-permission': async () => (await import('./managerPermission.ts')).managerPermission,
  pair: async () => (await import('./pair.ts')).pair,
  'record-decision': async () => (await import('./recordDecision.ts')).recordDecision,
  'register-manager': async () => (await import('./register.ts')).registerManager,
  'register-worker': async () => (await import('./register.ts')).registerWorker,
  runs: async () => (await import('./runs.ts')).runs,
  sessions: async () => (await import('./sessions.ts')).sessions,
  'start-manager': async () => (await import('./startManager.ts')).startManager,
  'start-worker': async () => (await import('./startWorker.ts')).startWorker,
  tail: async () => (await import('./tail.ts')).tail,
  tasks: async () => (await import('./tasks.ts')).tasks,
  unbind: async () => (await import('./unbind.ts')).unbind,
  'worker-ack': async () => (await import('./acknowledgements.ts')).workerAck,
} as const;

export type OperationName = keyof typeof loaders;

const aliases: Readonly<Record<string, OperationName>> = { search: 'discover' };

export const operationNames: readonly OperationName[] = Object.keys(loaders).filter(isOperationName).toSorted();

export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(loaders, name);
}

/** The operation behind a verb or an alias, or null. */
export async function loadOperation(name: string): Promise<AnyOperation | null> {
  const known = isOperationName(name) ? name : aliases[name];
  return known === undefined ? null : loaders[known]();
}
