import { parentPort, workerData } from 'node:worker_threads';

import { engineStart } from '../../src/protocol/engine.ts';
import { serveEngine } from '../../src/supervisor/serveEngine.ts';
import { createFakeEngine } from './fakeEngine.ts';

/** The supervisor thread with a fake behind the port: takes the place of `dist/supervisor.cjs` in a staged extension. */
const port = parentPort;
if (!port) throw new Error('this runs as a worker thread');
const start = engineStart.parse(workerData);
serveEngine(
  port,
  async (events) => createFakeEngine(start, events),
  () => port.close(),
);
