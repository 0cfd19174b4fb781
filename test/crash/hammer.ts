/**
 * One of several processes that write to a ledger as fast as they can, opening it anew every few writes. Runs until
 * standard input ends; prints how many decisions it recorded.
 *
 *     WORKERCTL_STATE_ROOT=… node test/crash/hammer.ts TASK
 */
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { recordDecision } from '../../src/core/operations/recordDecision.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';

const [task = ''] = process.argv.slice(2);
const writesPerOpening = 5;
const over = new AbortController();
process.stdin.resume().on('end', () => over.abort());
let written = 0;
while (!over.signal.aborted) {
  const context = new HostedContext({ surface: 'cli', cwd: process.cwd(), variables: process.env });
  for (let count = 0; count < writesPerOpening; count += 1) {
    await runOperation(recordDecision, context, { task, decision: 'wait', reason: `number ${written}` });
    written += 1;
  }
  context.close();
  await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(String(written));
