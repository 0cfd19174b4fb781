import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContextOptions, HostedContext } from '../../../src/core/operations/operationContext.ts';
import { FakeClock } from '../../../src/core/ports/clock.ts';
import { FakeHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { FakeProcessRunner } from '../../../src/core/ports/processRunner.ts';

export interface TemporaryContext {
  readonly context: HostedContext;
  readonly folder: string;
  readonly clock: FakeClock;
  readonly host: FakeHostFacts;
  readonly processes: FakeProcessRunner;
  dispose(): void;
}

/** A context on a real ledger in a folder of its own, with fakes for everything else. Dispose it after the test. */
export function temporaryContext(options: Partial<ContextOptions> = {}): TemporaryContext {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-unit-'));
  const clock = new FakeClock();
  const host = new FakeHostFacts();
  const processes = new FakeProcessRunner();
  // Nothing that a test writes goes to whoever runs it.
  const variables = { HOME: folder, ...options.variables };
  const context = new HostedContext({ surface: 'cli', cwd: folder, clock, host, processes, ...options, variables });
  return {
    context,
    folder,
    clock,
    host,
    processes,
    dispose() {
      context.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
