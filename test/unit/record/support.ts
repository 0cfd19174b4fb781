import { fileURLToPath } from 'node:url';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordSession } from '../../../src/core/operations/register.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { bind } from '../../../src/core/operations/bind.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import type { ContextOptions, OperationContext } from '../../../src/core/operations/operationContext.ts';
import { type Arguments, parseInput } from '../../../src/core/operations/argument.ts';
import type { Operation } from '../../../src/core/operations/operation.ts';
import { findTask, type Task } from '../../../src/core/ledger/taskStore.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

const upstreamLedger = fileURLToPath(new URL('../ledger/data/upstream-v22.db', import.meta.url));

/** A context on a copy of the ledger that agent-conveyor 0.1.0 made. */
export function upstreamContext(): TemporaryContext {
  const fixture = temporaryContext();
  const ledgerFile = join(fixture.folder, 'upstream.db');
  copyFileSync(upstreamLedger, ledgerFile);
  const context = fixture.context.withLedger(ledgerFile);
  return {
    ...fixture,
    context,
    dispose() {
      context.close();
      fixture.dispose();
    },
  };
}

/** Task `alpha`, bound to worker `w1` (pid 11) and manager `m1` (pid 12), both alive and without a terminal. */
export async function boundContext(
  options: Partial<ContextOptions> = {},
): Promise<TemporaryContext & { readonly task: Task }> {
  const fixture = temporaryContext(options);
  const { context, host } = fixture;
  await runOperation(tasks, context, { create: 'alpha', goal: 'Ship it' });
  for (const [name, role, pid] of [
    ['w1', 'worker', 11],
    ['m1', 'manager', 12],
  ] as const) {
    host.processes.set(pid, {});
    recordSession(context, {
      name,
      role,
      tmuxSession: undefined,
      codexSessionPath: `/rollouts/${name}.jsonl`,
      codexSessionId: `thread-${name}`,
      pid,
      cwd: '/srv',
      codexVersion: null,
    });
  }
  await runOperation(bind, context, { task: 'alpha', worker: 'w1', manager: 'm1' });
  const task = findTask(context.ledger, 'alpha');
  if (task === null) throw new Error('the task was just made');
  return { ...fixture, task };
}

/** Runs an operation on input that came as data; unlike `runOperation` it still knows what comes out. */
export async function run<Inputs extends Arguments, Output>(
  operation: Operation<Inputs, Output>,
  context: OperationContext,
  given: Readonly<Record<string, unknown>>,
): Promise<Output> {
  return operation.run(context, parseInput(operation.inputs, given));
}
