import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { choiceWithDefault, flag, optionalText, requiredText } from './argument.ts';
import { defineOperation } from './operation.ts';
import { expandHome } from './operationContext.ts';
import { qaHarnesses, qaScenarios } from './qaHarnesses.ts';
import { runHarness } from './runHarness.ts';

const output = () =>
  z.object({ checks: z.number(), receipt_path: z.string(), result: z.literal('passed'), scenario: z.string() });
type Output = z.infer<ReturnType<typeof output>>;

/** Drills the gates of loops on a ledger made for it, without terminals or Codex, and writes down what was seen. */
export const qaRun = defineOperation({
  name: 'qa-run',
  summary: 'Drill the gates of loops on a ledger of its own, and keep the receipt.',
  effect: 'acts',
  inputs: {
    scenario: choiceWithDefault('what to drill', qaScenarios, 'ralph-loop-guardrails', {
      positional: true,
      placeholder: 'SCENARIO',
    }),
    receiptOutput: requiredText('where to write what was seen, also when the drill fails', { placeholder: 'FILE' }),
    dispatcherId: optionalText('name of the dispatcher in the records', { placeholder: 'ID' }),
    path: optionalText('a ledger for drills alone, which keeps this one; a temporary one when left out', {
      placeholder: 'FILE',
    }),
    discardLedger: flag('delete the temporary ledger at the end; otherwise it is kept, and the receipt names it'),
    json: flag('print JSON'),
  },
  output,
  run: async (context, input): Promise<Output> => {
    const fileOf = (given: string) => resolve(context.cwd, expandHome(given, context.variables));
    if (!input.receiptOutput.trim()) throw refuse('missing_input', '--receipt-output must name a file');
    if (input.dispatcherId?.trim() === '') throw refuse('missing_input', '--dispatcher-id must be non-empty');
    if (input.discardLedger && input.path !== null) {
      throw refuse('invalid_value', '--discard-ledger is about the temporary ledger; the one of --path is always kept');
    }
    const receiptPath = fileOf(input.receiptOutput);
    const checks = await runHarness(context, {
      harness: qaHarnesses[input.scenario],
      receiptPath,
      ledgerFile: input.path === null ? null : fileOf(input.path),
      discardLedger: input.discardLedger,
      dispatcherId: input.dispatcherId,
    });
    return { checks, receipt_path: receiptPath, result: 'passed', scenario: input.scenario };
  },
  text: ({ scenario, result, receipt_path: receipt }) => `QA run ${scenario}: ${result}\nReceipt: ${receipt}\n`,
});
