import { askCodexVersion } from '../codex/codexVersion.ts';
import type { Hold } from '../dispatch/hold.ts';
import { ConveyorError, refuse } from '../domain/errors.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findBinding, insertBinding } from '../ledger/bindingStore.ts';
import { findManagerConfig, type ManagerConfig, saveManagerPolicy } from '../ledger/managerConfigStore.ts';
import { findActiveRun, insertActiveRun } from '../ledger/runStore.ts';
import { markSessionGone, requireSession } from '../ledger/sessionStore.ts';
import { findTask, insertTask, type Task } from '../ledger/taskStore.ts';
import { recordTelemetry, type TelemetrySeverity } from '../ledger/telemetryStore.ts';
import { managerPrompt, workerPrompt } from '../supervise/bootstrapPrompt.ts';
import { seedCriteria } from '../supervise/criteria.ts';
import { defaultPolicy, mergePolicy, type PolicyChanges } from '../supervise/managerConfig.ts';
import { tmuxSessionOf } from '../delivery/startSession.ts';
import { refuseEnded } from '../supervise/taskState.ts';
import { confirmBinding } from './confirmations.ts';
import { contractSummary } from './contractSummary.ts';
import { holdPane } from './holdPane.ts';
import type { OperationContext } from './operationContext.ts';
import { tmuxOf } from './panes.ts';
import {
  checkStart,
  type LaunchedCodex,
  launchCodex,
  promptCodex,
  type Started,
  startFolder,
  type StartOrder,
} from './startCodex.ts';

export interface PairOrder {
  readonly task: string;
  readonly goal: string | null;
  readonly summary: string | null;
  readonly prompt: string | null;
  readonly worker: string;
  readonly manager: string;
  /** Null: the stored policy stands, or the default one is stored. */
  readonly policy: PolicyChanges | null;
  readonly launch: Omit<StartOrder, 'role' | 'name'>;
}

export interface PairResult {
  readonly taskId: string;
  readonly taskName: string;
  readonly taskCreated: boolean;
  readonly bindingId: string;
  readonly runId: string;
  readonly worker: Started;
  readonly manager: Started;
  readonly seededConfig: boolean;
  readonly seededCriteria: number;
}

/**
 * Seeds task and contract, starts both, binds them, and only then speaks to them: a manager that acts at once finds its
 * binding. Conflicts are found before anything is started (CP-31); what a failed pair started is ended again.
 */
export async function runPair(context: OperationContext, order: PairOrder): Promise<PairResult> {
  await checkConflicts(context, order);
  const seed = context.ledger.write(() => seedContract(context, order));
  const progress = new PairProgress(context, order, seed.task);
  let managersPane: Hold | null = null;
  try {
    const worker = await progress.launch('worker', order.worker);
    const manager = await progress.launch('manager', order.manager);
    // A worker may be done before its manager has been spoken to, and whoever dispatches would tell it.
    managersPane = await holdPane(context, manager.started);
    const { bindingId, runId } = progress.bind(worker, manager, seed);
    const workerOutput = await speakToWorker(context, order, worker);
    const managerOutput = await speakToManager(context, order, seed, { ...manager, hold: managersPane });
    return {
      taskId: seed.task.id,
      taskName: seed.task.name,
      taskCreated: seed.taskCreated,
      bindingId,
      runId,
      worker: workerOutput,
      manager: managerOutput,
      seededConfig: seed.seededConfig,
      seededCriteria: seed.seededCriteria,
    };
  } catch (error) {
    await progress.fail(error);
    throw error;
  } finally {
    managersPane?.end();
  }
}

async function checkConflicts(context: OperationContext, order: PairOrder): Promise<void> {
  const { ledger } = context;
  const task = findTask(ledger, order.task);
  if (task === null && !order.goal) {
    throw refuse('missing_input', `task '${order.task}' does not exist yet; give its goal with --task-goal`);
  }
  const { cwd } = order.launch;
  checkStart(context, { role: 'worker', name: order.worker, cwd });
  checkStart(context, { role: 'manager', name: order.manager, cwd });
  if (task !== null) {
    refuseEnded(task);
    const binding = findBinding(ledger, task.id);
    if (binding !== null)
      throw refuse(
        'already_bound',
        `task '${task.name}' already has an active binding (${binding.id}); unbind it first`,
      );
    const run = findActiveRun(ledger, task.id);
    if (run !== null)
      throw refuse(
        'run_conflict',
        `task '${task.name}' already has active run '${run.name}' (${run.id}); end it with "runs --finish ${run.id}"`,
      );
  }
  const tmux = tmuxOf(context);
  for (const name of [order.worker, order.manager]) {
    if (await tmux.hasSession(tmuxSessionOf(name))) {
      throw refuse(
        'tmux_exists',
        `tmux session '${tmuxSessionOf(name)}' already exists; take another name, or end it with "stop ${name}"`,
      );
    }
  }
  await askCodexVersion(context.processes, { path: context.variables.PATH });
}

interface Seed {
  readonly task: Task;
  readonly taskCreated: boolean;
  readonly config: ManagerConfig;
  readonly seededConfig: boolean;
  readonly seededCriteria: number;
}

/** Task, policy and criteria, in the caller's transaction. */
function seedContract(context: OperationContext, order: PairOrder): Seed {
  const { ledger, clock } = context;
  const now = clock.now();
  const known = findTask(ledger, order.task);
  const task = known ?? insertTask(ledger, { name: order.task, goal: order.goal ?? '', summary: order.summary }, now);
  if (known === null) {
    recordEvent(
      ledger,
      { type: 'task_created', taskId: task.id, payload: { goal: task.goal, name: task.name, summary: task.summary } },
      now,
    );
  }
  const tell = teller(context, order, task);
  const cwd = startFolder(context, order.launch.cwd);
  tell(
    'pair_started',
    'Pair started.',
    {},
    { cwd, task_created: known === null, task_goal_provided: order.goal !== null },
  );
  tell('pair_task_resolved', 'Task resolved.', {}, { created: known === null });
  const stored = findManagerConfig(ledger, task.id);
  const seededConfig = stored === null || order.policy !== null;
  const config = seededConfig ? seedConfig(context, order, task, stored, tell) : stored;
  return {
    task,
    taskCreated: known === null,
    config,
    seededConfig,
    seededCriteria: seedCriteria(ledger, task, config.acceptance_criteria, clock.now()),
  };
}

function seedConfig(
  context: OperationContext,
  order: PairOrder,
  task: Task,
  stored: ManagerConfig | null,
  tell: Tell,
): ManagerConfig {
  const { ledger, clock } = context;
  const { policy } = mergePolicy(stored ?? defaultPolicy, order.policy ?? {});
  const config = saveManagerPolicy(ledger, task.id, policy, clock.now());
  const counts = {
    acceptance_count: config.acceptance_criteria.length,
    guideline_count: config.guidelines.length,
    nudge_on_completion: config.nudge_on_completion,
    reference_count: config.reference_paths.length,
    supervision_mode: config.supervision_mode,
  };
  recordEvent(
    ledger,
    { type: 'manager_config_recorded', taskId: task.id, payload: { ...counts, source: 'pair' } },
    clock.now(),
  );
  tell('pair_manager_config_seeded', 'Manager configuration seeded.', {}, counts);
  return config;
}

type Tell = (
  type: string,
  summary: string,
  correlation: object,
  attributes: object,
  severity?: TelemetrySeverity,
) => void;

function teller({ ledger, clock }: OperationContext, order: PairOrder, task: Task): Tell {
  const base = { manager: order.manager, source: 'pair', task: order.task, worker: order.worker };
  return (type, summary, correlation, attributes, severity = 'info') => {
    recordTelemetry(
      ledger,
      { type, summary, severity, taskId: task.id, correlation: { ...base, ...correlation }, attributes },
      clock.now(),
    );
  };
}

/** What has been started and bound so far; tells it to telemetry, and ends it again when the pair fails. */
class PairProgress {
  readonly #context: OperationContext;
  readonly #order: PairOrder;
  readonly #task: Task;
  readonly #tell: Tell;
  readonly #launched: LaunchedCodex[] = [];
  #bindingId: string | null = null;

  constructor(context: OperationContext, order: PairOrder, task: Task) {
    this.#context = context;
    this.#order = order;
    this.#task = task;
    this.#tell = teller(context, order, task);
  }

  async launch(role: 'worker' | 'manager', name: string): Promise<LaunchedCodex> {
    const launched = await launchCodex(this.#context, { ...this.#order.launch, role, name });
    this.#launched.push(launched);
    const { session_id, codex_session_id, codex_session_path, pid, tmux_session } = launched.output;
    this.#context.ledger.write(() =>
      this.#tell(
        `pair_${role}_spawned`,
        `${name} started.`,
        { binding_id: null, [`${role}_session_id`]: session_id },
        { codex_session_id, codex_session_path, pid, tmux_session },
      ),
    );
    return launched;
  }

  bind(worker: LaunchedCodex, manager: LaunchedCodex, seed: Seed): { bindingId: string; runId: string } {
    const { ledger, clock } = this.#context;
    const { made, runId } = ledger.write(() => {
      const now = clock.now();
      const made = insertBinding(
        ledger,
        this.#task,
        requireSession(ledger, worker.output.name),
        requireSession(ledger, manager.output.name),
        now,
      );
      const { id } = made;
      const payload = {
        binding_id: id,
        manager: manager.output.name,
        task: this.#order.task,
        worker: worker.output.name,
      };
      recordEvent(ledger, { type: 'binding_created', taskId: this.#task.id, payload }, now);
      const sessions = { manager_session_id: manager.output.session_id, worker_session_id: worker.output.session_id };
      this.#tell('pair_binding_created', 'Binding created.', { binding_id: id }, sessions);
      return { made, runId: this.#openRun(id, seed) };
    });
    confirmBinding(this.#context, made);
    this.#bindingId = made.id;
    return { bindingId: made.id, runId };
  }

  #openRun(bindingId: string, seed: Seed): string {
    const { ledger, clock } = this.#context;
    const seeding = { manager_config_seeded: true, manager_config_seeded_by_pair: seed.seededConfig };
    const metadata = {
      binding_id: bindingId,
      manager: this.#order.manager,
      ...seeding,
      source: 'pair',
      worker: this.#order.worker,
    };
    const run = insertActiveRun(ledger, this.#task, { name: null, purpose: this.#task.goal, metadata }, clock.now());
    recordEvent(
      ledger,
      { type: 'run_created', taskId: this.#task.id, payload: { run_id: run.id, source: 'pair' } },
      clock.now(),
    );
    const attributes = { ...seeding, manager_acceptance_criteria_seeded: seed.seededCriteria };
    this.#tell('pair_run_created', 'Run created.', { binding_id: bindingId }, attributes);
    return run.id;
  }

  /** Tells the failure. Sessions that nobody is bound to are ended; a bound pair is left for the person to look at. */
  async fail(error: unknown): Promise<void> {
    const { ledger } = this.#context;
    const started = (role: string) => this.#launched.some(({ output }) => output.role === role);
    if (this.#bindingId === null) await this.#endSessions();
    const attributes = {
      binding_created: this.#bindingId !== null,
      error: error instanceof Error ? error.message : String(error),
      error_type: error instanceof ConveyorError ? error.code : 'internal',
      manager_spawned: started('manager'),
      run_created: this.#bindingId !== null,
      worker_spawned: started('worker'),
    };
    ledger.write(() => this.#tell('pair_failed', 'Pair failed.', { binding_id: this.#bindingId }, attributes, 'error'));
  }

  async #endSessions(): Promise<void> {
    const { ledger, clock } = this.#context;
    for (const { output } of this.#launched) {
      await tmuxOf(this.#context).killSession(output.tmux_session);
      ledger.write(() => {
        markSessionGone(ledger, output.session_id, clock.now());
        recordEvent(
          ledger,
          {
            type: 'session_stopped',
            taskId: this.#task.id,
            payload: { session: output.name, role: output.role, target: output.tmux_session, killed_session: true },
          },
          clock.now(),
        );
      });
    }
  }
}

/** Without a prompt the worker waits; it is still asked to acknowledge, so that nobody waits for ever (CP-20). */
function speakToWorker(context: OperationContext, order: PairOrder, worker: LaunchedCodex): Promise<Started> {
  const prompt =
    order.prompt ?? `You are the worker of the task "${order.task}". Wait for your manager's instructions.`;
  const command = quoteForShell(worker.shim.command);
  return promptCodex(context, worker, workerPrompt(prompt, { command, task: order.task }));
}

function speakToManager(
  context: OperationContext,
  order: PairOrder,
  seed: Seed,
  manager: LaunchedCodex & { readonly hold: Hold },
): Promise<Started> {
  return promptCodex(
    context,
    manager,
    managerPrompt({
      command: quoteForShell(manager.shim.command),
      cwd: manager.output.cwd,
      ledger: context.ledgerFile,
      manager: order.manager,
      task: order.task,
      goal: seed.task.goal,
      worker: order.worker,
      contract: contractSummary(seed.config),
    }),
    manager.hold,
  );
}
