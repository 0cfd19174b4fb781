import { openLedger } from '../../src/core/ledger/openLedger.ts';

/**
 * Somebody who reads or writes all the time, as an engine does, until standard input ends. Prints `ready`, and in the end
 * how long each call took, in milliseconds.
 *
 *     node test/bench/bystander.ts write|read LEDGER
 */
const [what = '', file = ''] = process.argv.slice(2);
const { connection: ledger } = openLedger(file, Date.now());
const over = new AbortController();
process.stdin.resume().on('end', () => over.abort());
const took: number[] = [];
console.log('ready');
while (!over.signal.aborted) {
  const started = performance.now();
  if (what === 'write') ledger.write(() => ledger.run('UPDATE panel_sequence SET value = value + 1 WHERE id = 1'));
  else ledger.read(() => ledger.all('SELECT * FROM codex_events ORDER BY id DESC LIMIT 50'));
  took.push(performance.now() - started);
  await new Promise((resolve) => setTimeout(resolve, 3));
}
ledger.close();
console.log(JSON.stringify(took.map((value) => Number(value.toFixed(2)))));
