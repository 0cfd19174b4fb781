import type { AnyOperation } from './operation.ts';

/**
 * Every operation by its verb, loaded when it is first asked for: a process pays only for the verb it runs.
 */
const loaders = {
  approve: async () => (await import('./answers.ts')).approve,
  audit: async () => (await import('./audit.ts')).audit,
  bind: async () => (await import('./bind.ts')).bind,
  capture: async () => (await import('./workerTerminal.ts')).capture,
  classify: async () => (await import('./classify.ts')).classify,
  commands: async () => (await import('./commands.ts')).commands,
  'compact-worker': async () => (await import('./compactWorker.ts')).compactWorker,
  confirm: async () => (await import('./confirm.ts')).confirm,
  continuation: async () => (await import('./continuation.ts')).continuation,
  'continuation-reviewer': async () => (await import('./continuationReviewer.ts')).continuationReviewer,
  create: async () => (await import('./create.ts')).create,
  'create-disposable-binding': async () => (await import('./createDisposableBinding.ts')).createDisposableBinding,
  criteria: async () => (await import('./criteria.ts')).criteria,
  'criteria-plan': async () => (await import('./criteriaPlan.ts')).criteriaPlan,
  cycle: async () => (await import('./cycle.ts')).cycle,
  dashboard: async () => (await import('./dashboard.ts')).dashboard,
  'db-doctor': async () => (await import('./dbDoctor.ts')).dbDoctor,
  deny: async () => (await import('./answers.ts')).deny,
  deregister: async () => (await import('./deregister.ts')).deregister,
  discover: async () => (await import('./discover.ts')).discover,
  dispatch: async () => (await import('./dispatch.ts')).dispatch,
  divergences: async () => (await import('./divergences.ts')).divergences,
  doctor: async () => (await import('./doctor.ts')).doctor,
  'doctor-self': async () => (await import('./doctorSelf.ts')).doctorSelf,
  'enqueue-continue-iteration': async () => (await import('./enqueue.ts')).enqueueContinueIteration,
  'enqueue-notify-manager': async () => (await import('./enqueue.ts')).enqueueNotifyManager,
  'enqueue-nudge-worker': async () => (await import('./enqueue.ts')).enqueueNudgeWorker,
  epilogue: async () => (await import('./epilogue.ts')).epilogue,
  events: async () => (await import('./workerFolders.ts')).events,
  'export-task': async () => (await import('./exportTask.ts')).exportTask,
  'finish-task': async () => (await import('./finishTask.ts')).finishTask,
  handoff: async () => (await import('./handoff.ts')).handoff,
  'idle-check': async () => (await import('./workerTerminal.ts')).idleCheck,
  'import-compat': async () => (await import('./importCompat.ts')).importCompatVerb,
  ingest: async () => (await import('./ingest.ts')).ingest,
  'install-hooks': async () => (await import('./installHooks.ts')).installHooks,
  'install-skills': async () => (await import('./installSkills.ts')).installSkills,
  interrupt: async () => (await import('./workerMessages.ts')).interrupt,
  list: async () => (await import('./workerFolders.ts')).list,
  'loop-evidence': async () => (await import('./loopEvidence.ts')).loopEvidence,
  'loop-status': async () => (await import('./loopStatus.ts')).loopStatusVerb,
  'loop-templates': async () => (await import('./loopTemplates.ts')).loopTemplatesVerb,
  'loop-triggers': async () => (await import('./loopTriggers.ts')).loopTriggersVerb,
  'manager-ack': async () => (await import('./acknowledgements.ts')).managerAck,
  'manager-config': async () => (await import('./managerConfig.ts')).managerConfig,
  'manager-inbox': async () => (await import('./inboxes.ts')).managerInbox,
  'manager-permission': async () => (await import('./managerPermission.ts')).managerPermission,
  'mark-read': async () => (await import('./markRead.ts')).markRead,
  'mutation-audit': async () => (await import('./mutationAudit.ts')).mutationAudit,
  nudge: async () => (await import('./workerMessages.ts')).nudge,
  open: async () => (await import('./openTerminal.ts')).open,
  'open-manager': async () => (await import('./openTerminal.ts')).openManager,
  'open-worker': async () => (await import('./openTerminal.ts')).openWorker,
  pair: async () => (await import('./pair.ts')).pair,
  prune: async () => (await import('./prune.ts')).prune,
  'qa-plan': async () => (await import('./qaPlan.ts')).qaPlan,
  'qa-run': async () => (await import('./qaRun.ts')).qaRun,
  'ralph-loop-presets': async () => (await import('./loopTemplates.ts')).ralphLoopPresets,
  reconcile: async () => (await import('./reconcile.ts')).reconcile,
  'record-decision': async () => (await import('./recordDecision.ts')).recordDecision,
  'register-manager': async () => (await import('./register.ts')).registerManager,
  'register-worker': async () => (await import('./register.ts')).registerWorker,
  replay: async () => (await import('./replay.ts')).replay,
  'request-worker-compact': async () => (await import('./compactWorker.ts')).requestWorkerCompact,
  resume: async () => (await import('./resume.ts')).resume,
  runs: async () => (await import('./runs.ts')).runs,
  'session-inbox': async () => (await import('./inboxes.ts')).sessionInbox,
  'session-interrupt': async () => (await import('./sessionActions.ts')).sessionInterrupt,
  'session-nudge': async () => (await import('./sessionActions.ts')).sessionNudge,
  sessions: async () => (await import('./sessions.ts')).sessions,
  start: async () => (await import('./start.ts')).start,
  'start-manager': async () => (await import('./startManager.ts')).startManager,
  'start-test': async () => (await import('./create.ts')).startTest,
  'start-worker': async () => (await import('./startWorker.ts')).startWorker,
  status: async () => (await import('./workerTerminal.ts')).status,
  stop: async () => (await import('./stop.ts')).stop,
  'stop-task': async () => (await import('./finishTask.ts')).stopTask,
  tail: async () => (await import('./tail.ts')).tail,
  tasks: async () => (await import('./tasks.ts')).tasks,
  telemetry: async () => (await import('./telemetry.ts')).telemetry,
  'transcript-capture': async () => (await import('./transcriptCapture.ts')).transcriptCapture,
  'transcript-prune': async () => (await import('./prune.ts')).transcriptPrune,
  'transcript-show': async () => (await import('./transcriptShow.ts')).transcriptShow,
  unbind: async () => (await import('./unbind.ts')).unbind,
  'update-status': async () => (await import('./workerFolders.ts')).updateStatus,
  'worker-ack': async () => (await import('./acknowledgements.ts')).workerAck,
  'worker-inbox': async () => (await import('./inboxes.ts')).workerInbox,
} as const;

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
