import { basename } from 'node:path';
import { ConveyorError, refuse } from '../core/domain/errors.ts';
import { printedJson } from '../core/domain/json.ts';
import { optionalText } from '../core/operations/argument.ts';
import type { AnyOperation } from '../core/operations/operation.ts';
import { expandHome, HostedContext, type Variables } from '../core/operations/operationContext.ts';
import { loadOperation, operationNames } from '../core/operations/registry.ts';
import { runOperation } from '../core/operations/runOperation.ts';
import { parseArguments } from './parseArguments.ts';
import { askOnTerminal, readAll, writeOut } from './streams.ts';
import { usageLine, verbHelp } from './usage.ts';
import { resolve } from 'node:path';

/** Runs one command line to its exit status. Errors are one line on stderr; stdout stays empty then. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = programName(process.argv[1], process.env);
  const [verb, ...rest] = argv;
  try {
    if (verb === undefined)
      return usageError(`usage: ${program} VERB ...`, program, 'the following arguments are required: verb');
    if (verb === '--help' || verb === '-h') return await writeOut(overview(program));
    const operation = await loadOperation(verb);
    if (operation === null) {
      const choice = `argument verb: invalid choice: '${verb}' (see "${program} --help")`;
      return usageError(`usage: ${program} VERB ...`, program, choice);
    }
    return await answerVerb(program, operation, rest);
  } catch (error) {
    return report(program, error);
  }
}

async function answerVerb(program: string, operation: AnyOperation, argv: readonly string[]): Promise<number> {
  const path = optionalText('another ledger file', { placeholder: 'FILE' });
  const withPath = { ...operation, inputs: { ...operation.inputs, path } };
  const options = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  if (options.includes('--help') || argv[0] === '-h') return writeOut(verbHelp(program, withPath));
  try {
    return await runVerb(program, operation, withPath, argv);
  } catch (error) {
    if (!ConveyorError.is(error, 'usage')) throw error;
    return usageError(usageLine(program, withPath), `${program} ${operation.name}`, error.message);
  }
}

async function runVerb(
  program: string,
  operation: AnyOperation,
  withPath: AnyOperation,
  argv: readonly string[],
): Promise<number> {
  const { path, ...input } = parseArguments(withPath, argv);
  const interruption = new AbortController();
  const stop = () => interruption.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  const base = new HostedContext({
    surface: 'cli',
    cwd: process.cwd(),
    variables: process.env,
    program,
    signal: interruption.signal,
    readStdin: readAll,
    ask: askOnTerminal,
    warn: (line) => void process.stderr.write(`${program}: ${line}\n`),
  });
  const context = typeof path === 'string' ? base.withLedger(resolve(expandHome(path, process.env))) : base;
  try {
    const given = 'path' in operation.inputs ? { ...input, path } : input;
    const output = await runOperation(operation, context, given);
    const notice = operation.notice?.(output, inputFor(operation, input)) ?? null;
    if (notice !== null) process.stderr.write(`${program}: ${notice}\n`);
    const written = await writeOut(render(operation, output, input, context));
    context.settleOutput(written === 0);
    return written === 0 ? (operation.exitStatus?.(output, inputFor(operation, input)) ?? 0) : written;
  } catch (error) {
    context.settleOutput(false);
    throw error;
  } finally {
    context.close();
  }
}

function render(
  operation: AnyOperation,
  output: unknown,
  input: Record<string, unknown>,
  context: HostedContext,
): string {
  if (operation.text !== undefined && input.json !== true)
    return operation.text(output, inputFor(operation, input), context);
  return operation.layout === 'compact' ? `${compactJson(output)}\n` : `${printedJson(output)}\n`;
}

/** One line in the order of the keys, as Python prints it. */
function compactJson(value: unknown): string {
  const entries = Object.entries(value ?? {}).map(([key, item]) => `${JSON.stringify(key)}: ${printedJson(item)}`);
  return `{${entries.join(', ')}}`;
}

function inputFor(operation: AnyOperation, input: Record<string, unknown>): Record<string, unknown> {
  const fallbacks = Object.entries(operation.inputs).map(([name, { fallback }]) => [name, fallback]);
  return { ...Object.fromEntries(fallbacks), ...input };
}

function programName(script: string | undefined, { CONVEYOR_CLI_PROG: given }: Variables): string {
  const names = ['conveyor', 'workerctl'];
  if (given !== undefined && names.includes(given)) return given;
  const called = basename(script ?? '');
  return names.includes(called) ? called : 'conveyor';
}

function overview(program: string): string {
  return `usage: ${program} VERB ...\n\nSupervise coding agents: sessions, tasks and bindings in one ledger.\n\nverbs:\n${operationNames.map((name) => `  ${name}\n`).join('')}\n"${program} VERB --help" explains a verb.\n`;
}

function usageError(usage: string, prefix: string, message: string): number {
  process.stderr.write(`${usage}\n${prefix}: error: ${message}\n`);
  return refuse('usage', message).exitStatus;
}

function report(program: string, error: unknown): number {
  const known = error instanceof ConveyorError ? error : refuse('internal', unexpected(error), { cause: error });
  process.stderr.write(`${program}: ${known.message}\n`);
  return known.exitStatus;
}

/** A defect of ours: one line for the user, the trace only when asked for. */
function unexpected(error: unknown): string {
  if (process.env.CONVEYOR_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return `internal error: ${error instanceof Error ? error.message.split('\n')[0] : String(error)} (set CONVEYOR_DEBUG=1 for details)`;
}
