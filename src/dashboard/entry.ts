import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod/mini';

import { ConveyorError } from '../core/domain/errors.ts';
import { HostedContext } from '../core/operations/operationContext.ts';
import { serveDashboard } from './serveDashboard.ts';

/** What `conveyor dashboard` says (`src/core/operations/dashboard.ts`), which has checked it. */
const order = z.object({
  host: z.string(),
  port: z.pipe(
    z.string(),
    z.transform((text) => Number(text)),
  ),
  'db-path': z.string(),
  task: z.optional(z.string()),
});

/** Serves until it is interrupted or whoever started it is gone. */
async function run(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { host: text, port: text, 'db-path': text, task: text } });
  const { host, port, 'db-path': ledgerFile, task = null } = order.parse(values);
  const dist = dirname(resolve(process.argv[1] ?? ''));
  const context = new HostedContext({
    // A page is the person's: what it runs reads no mail that is meant for a manager.
    surface: 'panel',
    cwd: process.cwd(),
    variables: process.env,
    ledgerFile,
    runtime: {
      executable: process.execPath,
      isElectron: process.versions.electron !== undefined,
      cli: join(dist, 'cli.js'),
    },
    warn: say,
  });
  const running = await serveDashboard(context, { host, port, task, dist });
  // Nobody but the person's own terminal is told.
  process.stdout.write(`${running.url}\n`);
  await toldToEnd();
  await running.close();
  if (process.connected) process.disconnect();
}

function toldToEnd(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done());
    process.once('disconnect', () => done());
  });
}

function say(line: string): void {
  process.stderr.write(`conveyor: ${line}\n`);
}

void run().catch((error: unknown) => {
  say(error instanceof ConveyorError ? error.message : `internal error: ${String(error)}`);
  process.exitCode = 1;
  if (process.connected) process.disconnect();
});
