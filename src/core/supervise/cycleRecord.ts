import { ConveyorError } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import type { SessionBinding } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { recordCycleSpan } from '../ledger/cycleSpanStore.ts';
import { finishCycle, insertCycle, listUnfinishedCycles } from '../ledger/cycleStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import type { Clock } from '../ports/clock.ts';

export const cyclePhases = [
  'resolve_active_binding',
  'ingest_rollout',
  'infer_worker_state',
  'capture_pane_signal',
  'classify_pane_signal',
  'load_manager_context',
  'persist_cycle_row',
] as const;
export type CyclePhase = (typeof cyclePhases)[number];

/** No cycle takes so long: one that is still open after that was left behind by a process that is gone. */
const abandonedMilliseconds = 5 * 60_000;

interface Span {
  readonly phase: CyclePhase;
  readonly startedAt: number;
  readonly durationMilliseconds: number;
  readonly attributes: object;
  readonly state: 'succeeded' | 'failed' | 'degraded';
  readonly errorType: string | null;
}

export interface CycleSubject extends SessionBinding {
  readonly task: Task;
  /** The task as it was asked for. */
  readonly reference: string;
}

/** The ledger's record of one cycle: opened at once, its phases timed, closed with what came of it. */
export class CycleRecord {
  readonly id: number;
  readonly startedAt: number;
  readonly #ledger: Connection;
  readonly #clock: Clock;
  readonly #subject: CycleSubject;
  readonly #spans: Span[] = [];
  #failedPhase: CyclePhase | 'unknown' = 'unknown';

  constructor(ledger: Connection, clock: Clock, subject: CycleSubject, busyWaitSeconds: number) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#subject = subject;
    this.startedAt = clock.now();
    this.id = ledger.write(() => {
      this.#closeAbandoned();
      const id = insertCycle(ledger, subject.task.id, this.startedAt);
      const attributes = { busy_wait_seconds: busyWaitSeconds, cycle_id: id };
      this.#telemetry('manager_cycle_started', 'Manager cycle started.', attributes, {});
      return id;
    });
    const { binding, worker, manager } = subject;
    this.addSpan('resolve_active_binding', {
      binding_id: binding.id,
      binding_state: binding.state,
      manager_session: manager.name,
      worker_session: worker.name,
    });
  }

  /** Runs and times one phase. `attributes` says what is worth keeping of its result. */
  async phase<T>(
    name: CyclePhase,
    work: () => T | Promise<T>,
    describe: (result: T) => { readonly attributes: object; readonly degraded?: boolean },
  ): Promise<T> {
    const startedAt = this.#clock.now();
    const from = this.#clock.monotonic();
    const span = { phase: name, startedAt };
    try {
      const result = await work();
      const { attributes, degraded = false } = describe(result);
      const state = degraded ? 'degraded' : 'succeeded';
      this.#spans.push({
        ...span,
        durationMilliseconds: this.#clock.monotonic() - from,
        attributes,
        state,
        errorType: null,
      });
      return result;
    } catch (error) {
      this.#failedPhase = name;
      const durationMilliseconds = this.#clock.monotonic() - from;
      this.#spans.push({ ...span, durationMilliseconds, attributes: {}, state: 'failed', errorType: errorType(error) });
      throw error;
    }
  }

  /** Something that takes no time. */
  addSpan(phase: CyclePhase, attributes: object): void {
    const instant = {
      startedAt: this.#clock.now(),
      durationMilliseconds: 0,
      state: 'succeeded',
      errorType: null,
    } as const;
    this.#spans.push({ phase, attributes, ...instant });
  }

  /** Returns when it was closed. */
  succeed(status: JsonObject, attributes: object): number {
    const now = this.#clock.now();
    this.#ledger.write(() => {
      finishCycle(this.#ledger, this.id, { state: 'succeeded', status }, now);
      this.#writeSpans();
      this.#telemetry('manager_cycle_succeeded', 'Manager cycle succeeded.', attributes, { cycle_id: this.id });
    });
    return now;
  }

  fail(error: unknown): void {
    const { binding, worker, manager, reference } = this.#subject;
    const failure = { error_type: errorType(error), failure_phase: this.#failedPhase };
    const status = {
      kind: 'session_cycle',
      task: reference,
      binding_id: binding.id,
      worker_session: worker.name,
      manager_session: manager.name,
      ...failure,
    };
    const message = error instanceof Error ? error.message : String(error);
    this.#ledger.write(() => {
      finishCycle(this.#ledger, this.id, { state: 'failed', status, error: message }, this.#clock.now());
      this.#writeSpans();
      this.#telemetry('manager_cycle_failed', 'Manager cycle failed.', failure, { cycle_id: this.id });
    });
  }

  #closeAbandoned(): void {
    const before = this.startedAt - abandonedMilliseconds;
    for (const id of listUnfinishedCycles(this.#ledger, this.#subject.task.id, before)) {
      const failure = { error_type: 'interrupted', failure_phase: 'unknown' };
      const status = { kind: 'session_cycle', task: this.#subject.reference, ...failure };
      const error = 'the process that ran this cycle ended before the cycle did';
      finishCycle(this.#ledger, id, { state: 'failed', status, error }, this.startedAt);
      this.#telemetry('manager_cycle_failed', 'Manager cycle was left behind.', failure, { cycle_id: id });
    }
  }

  #writeSpans(): void {
    const { task } = this.#subject;
    for (const span of this.#spans.splice(0)) {
      const given = { cycleId: this.id, taskId: task.id, ...span };
      recordCycleSpan(this.#ledger, given, this.#clock.now());
    }
  }

  #telemetry(
    type: 'manager_cycle_started' | 'manager_cycle_succeeded' | 'manager_cycle_failed',
    summary: string,
    attributes: object,
    correlation: object,
  ): void {
    const { binding, worker, manager, task } = this.#subject;
    recordTelemetry(
      this.#ledger,
      {
        type,
        summary,
        actor: 'manager',
        severity: type === 'manager_cycle_failed' ? 'error' : 'info',
        taskId: task.id,
        correlation: {
          binding_id: binding.id,
          manager_session: manager.name,
          worker_session: worker.name,
          ...correlation,
        },
        attributes,
      },
      this.#clock.now(),
    );
  }
}

function errorType(error: unknown): string {
  if (error instanceof ConveyorError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
