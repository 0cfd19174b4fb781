import { newIdentifier } from '../domain/identifiers.ts';
import { orderWork } from '../domain/dispatchOrder.ts';
import { changeNotification, completionSignal, listOrphans } from '../ledger/notificationStore.ts';
import { recordCompletion, recoverLostSignal, redeliverSignal, routeCompletion } from './completionSignal.ts';
import {
  type DispatchDependencies,
  isMessageType,
  isSessionActionType,
  type PassOptions,
  type ProcessedItem,
  realRepeater,
} from './dependencies.ts';
import { completionKey } from './signalRecords.ts';
import { followDeliveries } from './followDeliveries.ts';
import { recoverLostCommand } from './lostCommand.ts';
import { deliverMessageCommand } from './messageCommand.ts';
import { dispatchEffect } from './otherEffect.ts';
import { dispatchAction } from './sessionAction.ts';
import { type DispatchWork, listWork } from './workList.ts';

/** So many panes are typed into at the same time; in each, one thing after the other. */
const handsAtOnce = 4;

/**
 * One pass of a dispatcher: looks after what was lost, then delivers what waits, oldest first, at most `limit` items.
 *
 * Any number of dispatchers may run at once: each item goes to the one that claims it. Failures are reported in the
 * items; only an unusable ledger throws.
 */
export async function runDispatchPass(
  deps: DispatchDependencies,
  options: PassOptions,
): Promise<readonly ProcessedItem[]> {
  if (options.dryRun) return planned(orderWork(listWork(deps, options))).slice(0, options.limit);
  settleOrphans(deps);
  followDeliveries(deps);
  return new Pass(deps, options).run();
}

/** How often a pass that waits for a pane looks for news. */
const lookMilliseconds = 100;

class Pass {
  readonly #deps: DispatchDependencies;
  readonly #options: PassOptions;
  readonly #seen = new Set<string>();
  readonly #busyTargets = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  readonly #items: { readonly place: number; readonly item: ProcessedItem }[] = [];
  #started = 0;
  #failure: unknown = null;

  constructor(deps: DispatchDependencies, options: PassOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  async run(): Promise<readonly ProcessedItem[]> {
    for (;;) {
      const next = this.#failure === null && this.#hasRoom() ? this.#next() : null;
      if (next !== null) {
        const running = this.#start(next);
        // A mailbox is filled at once, in order; only hands on different panes work side by side.
        if (!next.isPush) await running;
      } else if (this.#running.size === 0) break;
      else await this.#somethingHappens();
    }
    if (this.#failure !== null) throw this.#failure;
    this.#recordHeldCompletions();
    return this.#items.toSorted((left, right) => left.place - right.place).map(({ item }) => item);
  }

  /** A delivery ends, or it is time to look for what came in meanwhile: one slow pane holds up no other. */
  async #somethingHappens(): Promise<void> {
    let stop = () => {};
    const tick = new Promise<void>((resolve) => {
      stop = (this.#deps.every ?? realRepeater)(lookMilliseconds, resolve);
    });
    await Promise.race([...this.#running, tick]);
    stop();
  }

  #hasRoom(): boolean {
    return this.#running.size < handsAtOnce && this.#items.length + this.#running.size < this.#options.limit;
  }

  #next(): DispatchWork | null {
    const ready = orderWork(listWork(this.#deps, this.#options));
    const isFree = ({ targetId }: DispatchWork) => targetId === null || !this.#busyTargets.has(targetId);
    return ready.find((work) => !this.#seen.has(work.key) && isFree(work)) ?? null;
  }

  #start(work: DispatchWork): Promise<void> {
    this.#seen.add(work.key);
    const place = this.#started;
    this.#started += 1;
    if (work.targetId !== null) this.#busyTargets.add(work.targetId);
    const running: Promise<void> = this.#carryOut(work).then(
      (item) => {
        if (item !== null && item.state !== 'overtaken') this.#items.push({ place, item });
        this.#end(work, running);
      },
      (error: unknown) => {
        this.#failure ??= error;
        this.#end(work, running);
      },
    );
    this.#running.add(running);
    return running;
  }

  #end({ targetId }: DispatchWork, running: Promise<void>): void {
    if (targetId !== null) this.#busyTargets.delete(targetId);
    this.#running.delete(running);
  }

  #carryOut(work: DispatchWork): Promise<ProcessedItem | null> {
    const deps = this.#deps;
    const options = this.#options;
    switch (work.kind) {
      case 'lostCommand':
        return recoverLostCommand(deps, work.command.id, options);
      case 'command': {
        const { id, type } = work.command;
        if (isMessageType(type)) return deliverMessageCommand(deps, id, options);
        if (isSessionActionType(type)) return dispatchAction(deps, id, options);
        const effect = deps.effects?.[type];
        return effect === undefined ? Promise.resolve(null) : dispatchEffect(deps, id, effect, options);
      }
      case 'lostSignal':
        return recoverLostSignal(deps, work.notification.id, options);
      case 'waitingSignal':
        return redeliverSignal(deps, work.notification.id, options);
      case 'newSignal':
        return routeCompletion(deps, work.completion, options);
      default:
        return work satisfies never;
    }
  }

  /** What can't be told now, because something before it waits for the same pane, can at least be read. */
  #recordHeldCompletions(): void {
    if (this.#items.length >= this.#options.limit) return;
    for (const work of listWork(this.#deps, this.#options)) {
      if (work.kind === 'newSignal' && !this.#seen.has(work.key)) {
        recordCompletion(this.#deps, work.completion, this.#options);
      }
    }
  }
}

/** A notification whose command is over says so itself (OD-23). */
function settleOrphans({ ledger, clock }: DispatchDependencies): void {
  if (listOrphans(ledger).length === 0) return; // mostly, and without a lock
  ledger.write(() => {
    for (const { id, command_state: state, command_error: error } of listOrphans(ledger)) {
      const change =
        state === 'succeeded'
          ? ({ state: 'delivered' } as const)
          : ({ state: 'failed', error: error ?? 'its command ended without it' } as const);
      changeNotification(ledger, id, change, clock.now());
    }
  });
}

function planned(work: readonly DispatchWork[]): readonly ProcessedItem[] {
  return work.flatMap((one): ProcessedItem[] => {
    switch (one.kind) {
      case 'command':
        return [plannedCommand(one.command)];
      case 'newSignal':
        return [plannedCompletion(one.completion)];
      default:
        return [];
    }
  });
}

function plannedCommand(command: Extract<DispatchWork, { kind: 'command' | 'lostCommand' }>['command']): ProcessedItem {
  return {
    command_id: command.id,
    command_type: command.type,
    correlation_id: command.correlation_id,
    dry_run: true,
    state: 'planned',
    task: command.task_id,
  };
}

function plannedCompletion(completion: Extract<DispatchWork, { kind: 'newSignal' }>['completion']): ProcessedItem {
  return {
    binding_id: completion.binding_id,
    correlation_id: newIdentifier('dispatch'),
    dedupe_key: completionKey(completion),
    dry_run: true,
    signal_type: completionSignal,
    source_event_id: completion.event_id,
    state: 'planned',
    target_session: completion.manager_name,
    task: completion.task_name,
  };
}
