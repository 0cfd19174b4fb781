import { openLedger } from '../../../src/core/ledger/openLedger.ts';
import { requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { ingestSession } from '../../../src/core/ingest/ingestSession.ts';
import { defaultLimits } from '../../../src/core/ingest/rolloutBatches.ts';
import { systemClock } from '../../../src/core/ports/clock.ts';

// A process that ingests a session until standard input ends, then once more. For tests of several at once.
const [ledgerFile = '', name = '', lines = '5000'] = process.argv.slice(2);
const { connection } = openLedger(ledgerFile, Date.now());
const dependencies = { ledger: connection, clock: systemClock };
const options = { quiet: true, limits: { ...defaultLimits, lines: Number(lines) } };
let isOver = false;
process.stdin.on('end', () => {
  isOver = true;
});
process.stdin.resume();
process.stdout.write('ready\n');
for (let isLastRound = false; !isLastRound;) {
  isLastRound = isOver;
  await ingestSession(dependencies, requireSession(connection, name), options);
  await new Promise((resolve) => setImmediate(resolve));
}
connection.close();
