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
const rewrite = flag(
  'also write a large ledger anew where its space cannot be given back in steps (one that agent-conveyor made); nobody can write to it meanwhile',
);

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
    // Empty pages that stay in the file, for what comes next.
    reusable_bytes: z.number(),
  });

interface Choice {
  readonly keepLatest: number;
  readonly dryRun: boolean;
  readonly rewrite: boolean;
}

/** Drops the text of a task's older transcript segments and screens; their measure stays. */
export const transcriptPrune = defineOperation({
  name: 'transcript-prune',
  summary: "Drop the text of a task's older transcript segments.",
  effect: 'writes',
  inputs: { task: positional('name or id of the task', 'TASK'), keepLatest, dryRun, rewrite },
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
  inputs: { keepLatest, dryRun, rewrite },
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
  const { main, screens } = kind.find(ledger);
  if (!choice.dryRun) drop(ledger, { main: main.ids, screens: screens.ids }, kind, { ...choice, now: clock.now() });
  const reusable = choice.dryRun ? 0 : reclaimSpace(ledger, choice.rewrite);
  return {
    dry_run: choice.dryRun,
    keep_latest: choice.keepLatest,
    pruned_count: choice.dryRun ? 0 : main.ids.length,
    would_prune_count: main.ids.length,
    screen_count: screens.ids.length,
    text_bytes: main.bytes + screens.bytes,
    freed_bytes: choice.dryRun ? 0 : Math.max(0, before - bytesOnDisk(ledger)),
    reusable_bytes: reusable,
  };
}

/** About 3 MB of screens: a writer that waits meanwhile hardly notices. What is newer by then is not among them. */
const rowsPerStep = 250;

interface Dropped {
  readonly main: readonly number[];
  readonly screens: readonly number[];
}

function drop(
  ledger: Connection,
  { main, screens }: Dropped,
  kind: Kind,
  { keepLatest: keep_latest, now }: Choice & { readonly now: number },
): void {
  for (let from = 0; from < Math.max(main.length, screens.length); from += rowsPerStep) {
    const [ids, screenIds] = [main.slice(from, from + rowsPerStep), screens.slice(from, from + rowsPerStep)];
    ledger.write(() => {
      kind.drop(ledger, ids);
      dropScreens(ledger, screenIds);
      const payload = { taskId: kind.taskId, keep_latest, [kind.key]: ids, screen_count: screenIds.length };
      recordPruned(ledger, kind.type, payload, now);
    });
  }
}
