import { basename } from 'node:path';
import { ConveyorError, refuse } from '../core/domain/errors.ts';
import { printedJson } from '../core/domain/json.ts';
import { maskSecrets } from '../core/domain/maskSecrets.ts';
import { nearestName } from '../core/domain/nearestName.ts';
import { flagName } from '../core/operations/argument.ts';
import type { AnyOperation } from '../core/operations/operation.ts';
import { expandHome, HostedContext, type Variables } from '../core/operations/operationContext.ts';
import { loadOperation, operationNames } from '../core/operations/registry.ts';
import { runOperation } from '../core/operations/runOperation.ts';
import { completions, ledgerPath } from './completions.ts';
import { overview, tellingVerbs, topicHelp, unknownTopic } from './help.ts';
import { interruption } from './interruption.ts';
import { parseArguments } from './parseArguments.ts';
import { askOnTerminal, readAll, writeOut } from './streams.ts';
import { usageText, verbHelp } from './usage.ts';
import { withoutControls } from './withoutControls.ts';
import { resolve } from 'node:path';

/** Runs one command line to its exit status. Errors are one line on stderr; stdout stays empty then. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = programName(process.argv[1], process.env);
  const [verb, ...rest] = argv;
  try {
    return verb === undefined || verb.startsWith('-') || Object.hasOwn(tellingVerbs, verb)
      ? await tell(program, verb, rest)
      : await answerVerb(program, await operationOf(program, verb), rest);
  } catch (error) {
    if (ConveyorError.is(error, 'usage')) return usageError(`usage: ${program} VERB ...`, program, error.message);
    return report(program, error);
  }
}

/** What needs no ledger and does nothing: it tells about verbs. Throws `usage`. */
async function tell(program: string, verb: string | undefined, words: readonly string[]): Promise<number> {
  const wantsHelp = words.some((word) => word === '--help' || word === '-h');
  const [word, ...extra] = words;
  if (verb === undefined) throw refuse('usage', 'the following arguments are required: verb');
  if (verb === '--help' || verb === '-h' || wantsHelp || (verb === 'help' && word === undefined)) {
    return writeOut(await overview(program));
  }
  if (extra.length > 0) throw refuse('usage', `unrecognized arguments: ${extra.join(' ')}`);
  if (verb === 'completions') return writeOut(await completions(word));
  if (verb !== 'help' || word === undefined) throw unknownVerb(program, verb);
  const operation = await loadOperation(word);
  if (operation !== null) return writeOut(verbHelp(program, withPath(operation)));
  const about = await topicHelp(program, word);
  if (about === null) throw unknownTopic(program, word);
  return writeOut(about);
}

async function operationOf(program: string, verb: string): Promise<AnyOperation> {
  const operation = await loadOperation(verb);
  if (operation === null) throw unknownVerb(program, verb);
  return operation;
}

function unknownVerb(program: string, verb: string) {
  const nearest = nearestName(verb, [...operationNames, ...Object.keys(tellingVerbs)]);
  const hint = nearest === null || verb.startsWith('-') ? '' : `; did you mean ${nearest}?`;
  return refuse('usage', `argument verb: invalid choice: '${verb}' (see "${program} --help")${hint}`);
}

function withPath(operation: AnyOperation): AnyOperation {
  return { ...operation, inputs: { ...operation.inputs, path: ledgerPath } };
}

async function answerVerb(program: string, operation: AnyOperation, argv: readonly string[]): Promise<number> {
  const known = withPath(operation);
  if (asksForHelp(known, argv)) return writeOut(verbHelp(program, known));
  try {
    return await runVerb(program, operation, known, argv);
  } catch (error) {
    if (!ConveyorError.is(error, 'usage')) throw error;
    return usageError(usageText(program, known), `${program} ${operation.name}`, error.message);
  }
}

/** What follows `--`, or stands in the command of another program, is not said to us. */
function asksForHelp({ inputs }: AnyOperation, argv: readonly string[]): boolean {
  const rest = Object.keys(inputs).filter((name) => inputs[name]?.kind === 'rest');
  const end = argv.findIndex((word) => ['--', ...rest.map(flagName)].includes(word));
  const own = end < 0 ? argv : argv.slice(0, end);
  return own.includes('--help') || own.includes('-h');
}

async function runVerb(
  program: string,
  operation: AnyOperation,
  known: AnyOperation,
  argv: readonly string[],
): Promise<number> {
  const { path, ...input } = parseArguments(known, argv);
  const base = new HostedContext({
    surface: 'cli',
    cwd: process.cwd(),
    variables: process.env,
    program,
    signal: interruption(),
    readStdin: readAll,
    ask: askOnTerminal,
    warn: (line) => complain(`${program}: ${line}`),
  });
  const context = typeof path === 'string' ? base.withLedger(resolve(expandHome(path, process.env))) : base;
  try {
    const given = 'path' in operation.inputs ? { ...input, path } : input;
    const output = await runOperation(operation, context, given);
    const notice = operation.notice?.(output, inputFor(operation, input)) ?? null;
    if (notice !== null) complain(`${program}: ${notice}`);
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
    return withoutControls(operation.text(output, inputFor(operation, input), context));
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

function usageError(usage: string, prefix: string, message: string): number {
  complain(`${usage}\n${prefix}: error: ${message}`);
  return refuse('usage', message).exitStatus;
}

function report(program: string, error: unknown): number {
  const known = error instanceof ConveyorError ? error : refuse('internal', unexpected(error), { cause: error });
  complain(`${program}: ${known.message}`);
  return known.exitStatus;
}

/** A defect of ours: one line for the user, the trace only when asked for. */
function unexpected(error: unknown): string {
  if (process.env.CONVEYOR_DEBUG && error instanceof Error) complain(error.stack ?? '');
  return `internal error: ${error instanceof Error ? error.message.split('\n')[0] : String(error)} (set CONVEYOR_DEBUG=1 for details)`;
}

/** Standard error ends up in logs. What was typed wrongly is repeated there, a secret that was among it is not. */
function complain(text: string): void {
  process.stderr.write(`${withoutControls(maskSecrets(text))}\n`);
}
