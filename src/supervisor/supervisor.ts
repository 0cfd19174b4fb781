import { parentPort, workerData } from 'node:worker_threads';
import { engineStart } from '../protocol/engine.ts';
import { PanelEngine } from './panelEngine.ts';
import { serveEngine } from './serveEngine.ts';

const port = parentPort;
if (port === null) throw new Error('the supervisor runs as a worker thread');
const start = engineStart.parse(workerData);
serveEngine(
  port,
  (events) => Promise.resolve(new PanelEngine(start, events)),
  () => port.close(),
);
