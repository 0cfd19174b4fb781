/**
 * The engine of `conveyor dispatch --watch`, which dies where $CRASH_AT says. Ends with SIGTERM otherwise.
 *
 *     WORKERCTL_STATE_ROOT=… CRASH_AT=typed node test/crash/crashingDispatcher.ts DISPATCHER-ID LEASE-SECONDS
 */
import { engineOf } from '../../src/core/operations/engineOf.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { dieAt } from './dieAt.ts';

const [dispatcherId = 'crash', leaseSeconds = '60'] = process.argv.slice(2);
const context = new HostedContext({ surface: 'cli', cwd: process.cwd(), variables: process.env });
const engine = engineOf(context, {
  dispatcherId,
  kind: 'headless',
  limit: 10,
  leaseSeconds: Number(leaseSeconds),
  permissions: new Set(),
  onChanged: () => {},
  onError: (error) => console.error(error),
  onLedgerGone: () => {},
  onTrouble: (session, error) => console.error(`${session.name}: ${error.message}`),
  checkpoint: dieAt(process.env.CRASH_AT),
});
engine.start();
process.once('SIGTERM', () => {
  void engine.stop().then(() => context.close());
});
