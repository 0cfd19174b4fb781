import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { refuse, unknownTask } from '../domain/errors.ts';
import { formEncoded, isLoopback, urlHost } from '../domain/loopback.ts';
import { findTask } from '../ledger/taskStore.ts';
import { endProcess } from '../ports/endProcess.ts';
import { flag, type InputOf, integerWithDefault, optionalText, textWithDefault } from './argument.ts';
import { dispatchCommand, ensureDispatcher } from './ensureDispatcher.ts';
import { defineOperation } from './operation.ts';
import { expandHome, type OperationContext } from './operationContext.ts';
import { isSandboxed, isToolOfCodex } from './sandbox.ts';

const inputs = {
  task: optionalText('task to show first', { placeholder: 'TASK' }),
  host: textWithDefault('loopback address to listen at', '127.0.0.1', { placeholder: 'HOST' }),
  port: integerWithDefault('port to listen at; 0 takes a free one', 8797, { placeholder: 'PORT' }),
  workerctlPath: optionalText('program that dispatches, instead of this one', { placeholder: 'FILE' }),
  dbPath: optionalText('ledger to show', { placeholder: 'FILE' }),
  ensureDispatch: flag('see to it that somebody dispatches; what was started for that ends with the dashboard'),
  dispatcherId: textWithDefault('id of that dispatcher', 'dispatch-dashboard', { placeholder: 'ID' }),
  dryRun: flag('say what would be run, and do nothing'),
  json: flag('print JSON'),
} as const;

type Input = InputOf<typeof inputs>;

const planOutput = () =>
  z.object({
    command: z.array(z.string()),
    dispatch_command: z.nullable(z.array(z.string())),
    ensure_dispatch: z.boolean(),
    host: z.string(),
    port: z.int(),
    task: z.nullable(z.string()),
    url: z.string(),
    /** How the server ended; not there in a rehearsal. */
    exit_status: z.optional(z.int()),
  });
type Plan = z.infer<ReturnType<typeof planOutput>>;

/** The live view of a ledger in a browser, with controls and terminals, until interrupted. */
export const dashboard = defineOperation({
  name: 'dashboard',
  summary: 'Serve the live view of tasks and sessions to a browser on this machine.',
  effect: 'acts',
  inputs,
  output: planOutput,
  run: async (context, input): Promise<Plan> => {
    refuseArguments(input);
    const file = input.dbPath;
    const of = file === null ? context : context.withLedger(resolve(context.cwd, expandHome(file, context.variables)));
    const plan = planOf(of, input);
    if (input.dryRun) return plan;
    refuseWhereUseless(of, input);
    return { ...plan, exit_status: await serve(of, input, plan) };
  },
  text: ({ command, url }, { dryRun }) => (dryRun ? `${command.map(singleQuoted).join(' ')}\n${url}\n` : ''),
  exitStatus: ({ exit_status: status }) => (status === undefined || status === 0 ? 0 : 1),
});

function planOf(context: OperationContext, input: Input): Plan {
  const { runtime, ledgerFile } = context;
  const { host, port, task, workerctlPath } = input;
  const server = join(dirname(runtime.cli), 'dashboard.js');
  return {
    command: [
      runtime.executable,
      server,
      '--host',
      host,
      '--port',
      String(port),
      '--db-path',
      ledgerFile,
      ...(task === null ? [] : ['--task', task]),
    ],
    dispatch_command: input.ensureDispatch
      ? dispatchCommand(context, dispatcherIdOf(input), programOf(workerctlPath))
      : null,
    ensure_dispatch: input.ensureDispatch,
    host,
    port,
    task,
    url: `http://${urlHost(host)}:${port}/${task === null ? '' : `?task=${formEncoded(task)}`}`,
  };
}

/** The server is a process of its own: what it loads is nothing that other verbs should pay for. */
async function serve(context: OperationContext, input: Input, { command }: Plan): Promise<number> {
  const { runtime, processes, variables, stateRoot, host, clock } = context;
  const [executable = '', ...argv] = command;
  const electron = runtime.isElectron ? { ELECTRON_RUN_AS_NODE: '1' } : {};
  const started = input.ensureDispatch
    ? await ensureDispatcher(context, dispatcherIdOf(input), programOf(input.workerctlPath))
    : null;
  const dispatcher = started?.pid == null ? null : { pid: started.pid, startTime: host.startTime(started.pid) };
  try {
    return await processes.runForeground(executable, argv, {
      cwd: context.cwd,
      environment: { ...variables, ...electron, WORKERCTL_STATE_ROOT: stateRoot },
      signal: context.signal,
    });
  } finally {
    if (dispatcher !== null) await endProcess(dispatcher, { host, clock });
  }
}

function refuseArguments({ host, port, dispatcherId }: Input): void {
  if (!isLoopback(host)) {
    throw refuse(
      'usage',
      `argument --host: '${host}' is no loopback address: whoever reaches the dashboard can type into your terminals. Use 127.0.0.1, ::1 or localhost, and an SSH tunnel from elsewhere`,
    );
  }
  if (port < 0 || port > 65_535) throw refuse('usage', `argument --port: ${port} is not between 0 and 65535`);
  if (dispatcherId.trim() === '' && dispatcherId !== '') throw refuse('usage', 'argument --dispatcher-id: it is blank');
}

function refuseWhereUseless(context: OperationContext, { task }: Input): void {
  const isThere = existsSync(context.ledgerFile);
  if (isToolOfCodex(context.variables) || (isThere && isSandboxed(context))) {
    throw refuse(
      'not_supported',
      'the dashboard attaches to terminals, which can not be reached from inside a sandbox; run it outside',
    );
  }
  if (task !== null && (!isThere || findTask(context.ledger, task) === null)) throw unknownTask(task);
}

function dispatcherIdOf({ dispatcherId }: Input): string {
  return dispatcherId === '' ? 'dispatch-dashboard' : dispatcherId;
}

function programOf(path: string | null): readonly string[] | undefined {
  return path === null ? undefined : [path];
}

function singleQuoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
