/** The supervisor thread of a window, as src/supervisor/supervisor.ts starts it, but one that dies where $CRASH_AT says. */
import { parentPort, workerData } from 'node:worker_threads';
import { engineStart } from '../../src/protocol/engine.ts';
import { PanelEngine } from '../../src/supervisor/panelEngine.ts';
import { serveEngine } from '../../src/supervisor/serveEngine.ts';
import { dieAt } from './dieAt.ts';

const port = parentPort;
if (port === null) throw new Error('the supervisor runs as a worker thread');
const start = engineStart.parse(workerData);
serveEngine(
  port,
  (events) => Promise.resolve(new PanelEngine(start, events, { checkpoint: dieAt(process.env.CRASH_AT) })),
  () => port.close(),
);
