import * as z from 'zod/mini';
import { dispatchTypes, type PassOptions, type ProcessedItem } from '../dispatch/dependencies.ts';
import { runDispatchPass } from '../dispatch/dispatchPass.ts';
import {
  flag,
  type InputOf,
  integerWithDefault,
  numberWithDefault,
  optionalChoice,
  optionalInteger,
  textWithDefault,
} from './argument.ts';
import { dispatchDependenciesOf } from './dispatchDependencies.ts';
import { livingLeader } from './livingLeader.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { leadDispatch } from './leadDispatch.ts';
import { watchDispatch, type WatchSummary } from './watchDispatch.ts';

const inputs = {
  once: flag('one pass (what is done without it, too)'),
  watch: flag('pass after pass until interrupted'),
  limit: integerWithDefault('items of one pass at most', 10, { placeholder: 'N' }),
  interval: numberWithDefault('seconds between passes that nothing asked for', 2, { placeholder: 'SECONDS' }),
  watchIterations: optionalInteger('so many passes', { placeholder: 'N' }),
  leaseSeconds: integerWithDefault('how long a claim lasts without renewal', 60, { placeholder: 'SECONDS' }),
  dispatcherId: textWithDefault('name of this dispatcher in the records', 'dispatch-local', { placeholder: 'ID' }),
  type: optionalChoice('only this type', dispatchTypes, { placeholder: 'TYPE' }),
  dryRun: flag('say what would be done, and do nothing'),
  json: flag('print JSON'),
};

export type DispatchInput = InputOf<typeof inputs>;

const processedItem = () =>
  z.custom<ProcessedItem>((value) => typeof value === 'object' && value !== null && 'state' in value);

/** Delivers what waits in the queue, and tells managers of completed turns. */
export const dispatch = defineOperation({
  name: 'dispatch',
  summary: 'Deliver queued messages and completions.',
  effect: 'acts',
  inputs,
  exclusive: [{ names: ['once', 'watch'], required: false }],
  output: () =>
    z.object({
      dispatcher_id: z.string(),
      dry_run: z.boolean(),
      iterations: z.number(),
      processed: z.array(processedItem()),
      processed_count: z.number(),
      watch: z.boolean(),
      /** Who leads this ledger: it does what can't be done here. Null when nobody does. */
      leader: z.nullable(z.object({ holder: z.string(), kind: z.string() })),
      sandboxed: z.boolean(),
    }),
  run: async (context, input) => {
    const options = passOptions(input);
    const { processed, count, iterations } = await work(context, input, options);
    const leader = livingLeader(context);
    return {
      dispatcher_id: options.dispatcherId,
      dry_run: input.dryRun,
      iterations,
      processed: [...processed],
      processed_count: count,
      watch: input.watch,
      leader: leader === null ? null : { holder: leader.holder, kind: leader.kind },
      sandboxed: dispatchDependenciesOf(context, 'others').isSandboxed === true,
    };
  },
  text: ({ processed_count: count, sandboxed, leader }) => {
    const done = `dispatch processed ${count} item(s)\n`;
    if (!sandboxed) return done;
    const who =
      leader === null
        ? 'nobody leads this ledger: start "dispatch --watch" outside the sandbox'
        : `${leader.holder} does`;
    return `${done}this runs inside a sandbox: what must be typed into a terminal is left to the leader (${who})\n`;
  },
});

/** A watch without a bound leads the ledger; a counted, rehearsed or restricted one only takes what it is asked for. */
function work(context: OperationContext, input: DispatchInput, options: PassOptions): Promise<WatchSummary> {
  if (!input.watch) return onePass(context, options);
  const leads = input.watchIterations === null && input.type === null && !input.dryRun;
  return leads ? leadDispatch(context, input, options) : watchDispatch(context, input, options);
}

async function onePass(context: OperationContext, options: PassOptions) {
  const processed = await runDispatchPass(dispatchDependenciesOf(context, 'others'), options);
  return { processed, count: processed.length, iterations: 1 };
}

/** 0 means the default, and less than that as little as possible: what the reference makes of them. */
export function passOptions(input: DispatchInput): PassOptions {
  return {
    dispatcherId: input.dispatcherId === '' ? 'dispatch-local' : input.dispatcherId,
    limit: input.limit === 0 ? 10 : Math.max(1, input.limit),
    leaseSeconds: input.leaseSeconds === 0 ? 60 : Math.max(1, input.leaseSeconds),
    type: input.type,
    dryRun: input.dryRun,
  };
}
