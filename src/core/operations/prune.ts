import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import type { Connection } from '../ledger/connection.ts';
import { bytesOnDisk, reclaimSpace } from '../ledger/reclaimSpace.ts';
import { requireTask } from '../ledger/taskStore.ts';
import {
  dropScreens,
  dropSegments,
  dropWorkerCaptures,
  findPrunableScreens,
  findPrunableSegments,
  findPrunableWorkerCaptures,
  type Prunable,
  recordPruned,
} from '../ledger/transcriptStore.ts';
import { flag, integerWithDefault, positional } from './argument.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';

const keepLatest = integerWithDefault('how many of the newest stay', 20);
const dryRun = flag('only say what would go');

const pruned = () =>
  z.object({
    dry_run: z.boolean(),
    keep_latest: z.number(),
    pruned_count: z.number(),
    would_prune_count: z.number(),
    // Whole screens, which hold once more what the segments tell.
    screen_count: z.number(),
    text_bytes: z.number(),
    freed_bytes: z.number(),
  });

interface Choice {
  readonly keepLatest: number;
  readonly dryRun: boolean;
}

/** Drops the text of a task's older transcript segments and screens; their measure stays. */
export const transcriptPrune = defineOperation({
  name: 'transcript-prune',
  summary: "Drop the text of a task's older transcript segments.",
  effect: 'writes',
  inputs: { task: positional('name or id of the task', 'TASK'), keepLatest, dryRun },
  output: pruned,
  run: (context, input) => {
    const { id: taskId } = requireTask(context.ledger, input.task);
    return dropOld(context, input, {
      find: (ledger) => ({
        main: findPrunableSegments(ledger, taskId, input.keepLatest),
        screens: findPrunableScreens(ledger, taskId, input.keepLatest),
      }),
      drop: dropSegments,
      type: 'transcript_segments_pruned',
      key: 'segment_ids',
      taskId,
    });
  },
});

/** Drops old pictures of terminals from the whole ledger and gives the space back. */
export const prune = defineOperation({
  name: 'prune',
  summary: 'Drop old pictures of terminals from the ledger and give their space back.',
  effect: 'writes',
  inputs: { keepLatest, dryRun },
  output: pruned,
  run: (context, input) =>
    dropOld(context, input, {
      find: (ledger) => ({
        main: findPrunableWorkerCaptures(ledger, input.keepLatest),
        screens: findPrunableScreens(ledger, null, input.keepLatest),
      }),
      drop: dropWorkerCaptures,
      type: 'transcript_captures_pruned',
      key: 'capture_ids',
      taskId: null,
    }),
});

interface Kind {
  find(ledger: Connection): { readonly main: Prunable; readonly screens: Prunable };
  drop(ledger: Connection, ids: readonly number[]): void;
  readonly type: Parameters<typeof recordPruned>[1];
  readonly key: string;
  readonly taskId: string | null;
}

function dropOld({ ledger, clock }: OperationContext, choice: Choice, kind: Kind) {
  if (choice.keepLatest < 0) throw refuse('invalid_value', '--keep-latest must be >= 0');
  const before = bytesOnDisk(ledger);
  const { main, screens } = choice.dryRun
    ? kind.find(ledger)
    : ledger.write(() => drop(ledger, clock.now(), choice, kind));
  if (!choice.dryRun) reclaimSpace(ledger);
  return {
    dry_run: choice.dryRun,
    keep_latest: choice.keepLatest,
    pruned_count: choice.dryRun ? 0 : main.ids.length,
    would_prune_count: main.ids.length,
    screen_count: screens.ids.length,
    text_bytes: main.bytes + screens.bytes,
    freed_bytes: choice.dryRun ? 0 : Math.max(0, before - bytesOnDisk(ledger)),
  };
}

function drop(ledger: Connection, now: number, { keepLatest: keep_latest }: Choice, kind: Kind) {
  const found = kind.find(ledger);
  const { main, screens } = found;
  kind.drop(ledger, main.ids);
  dropScreens(ledger, screens.ids);
  if (main.ids.length + screens.ids.length > 0) {
    const payload = { taskId: kind.taskId, keep_latest, [kind.key]: main.ids, screen_count: screens.ids.length };
    recordPruned(ledger, kind.type, payload, now);
  }
  return found;
}
