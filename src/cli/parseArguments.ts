import { parseArgs } from 'node:util';
import { refuse } from '../core/domain/errors.ts';
import { type Argument, type Arguments, flagName } from '../core/operations/argument.ts';
import type { AnyOperation } from '../core/operations/operation.ts';

type Given = Record<string, unknown>;
type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

/**
 * The input of an operation from a command line, in the grammar of argparse: options before or after positionals,
 * `--flag value` and `--flag=value`, unambiguous prefixes of long options, `--` ends options.
 *
 * Throws `usage`.
 */
export function parseArguments(operation: AnyOperation, argv: readonly string[]): Given {
  const flags = flagsOf(operation.inputs);
  const { before, rest } = splitRest(operation.inputs, argv);
  const spellings = unambiguousSpellings([...flags.keys()]);
  const options = Object.fromEntries(
    [...spellings].map(([spelling, name]) => [
      spelling,
      { type: takesValue(flags.get(name)) ? ('string' as const) : ('boolean' as const), multiple: true },
    ]),
  );
  const isForeign = Object.values(operation.inputs).some(({ kind }) => kind === 'passthrough');
  const args = isForeign ? before : maskWords(before, [...flags.keys()]);
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  const given: Given = {};
  const { own, foreign } = separateForeign(operation.inputs, before, tokens, spellings);
  const words: string[] = [];
  for (const token of own) {
    if (token.kind === 'positional') words.push(unmaskWord(token.value));
    if (token.kind === 'option') readOption(token, spellings, flags, given);
  }
  readPositionals(operation.inputs, words, given);
  if (foreign !== null) given[foreign.name] = foreign.words;
  if (rest !== null) given[rest.name] = rest.words;
  checkRequired(operation.inputs, given);
  checkExclusive(operation, given);
  return given;
}

function readOption(
  token: Extract<Token, { kind: 'option' }>,
  spellings: ReadonlyMap<string, string>,
  flags: ReadonlyMap<string, Named>,
  given: Given,
): void {
  const name = spellings.get(token.name);
  const flag = name === undefined ? undefined : flags.get(name);
  if (flag === undefined) throw usage(unknownOption(token, [...flags.keys()]));
  const spelled = flagName(flag.name);
  if (flag.argument.kind === 'flag') {
    if (token.inlineValue) throw usage(`argument ${spelled}: ignored explicit argument '${token.value}'`);
    given[flag.name] = true;
    return;
  }
  const value = token.value?.startsWith(MASK) ? token.value.slice(1) : token.value;
  // A forgotten value must not swallow the next option.
  const swallowed =
    typeof value === 'string' &&
    !token.inlineValue &&
    value.startsWith('--') &&
    spellings.has(value.slice(2).split('=')[0] ?? '');
  if (typeof value !== 'string' || swallowed) throw usage(`argument ${spelled}: expected one argument`);
  const converted = convert(flag.argument, spelled, value);
  if (flag.argument.kind !== 'list') given[flag.name] = converted;
  else given[flag.name] = [...asList(given[flag.name]), converted];
}

/** No argument of a process can hold it. */
const MASK = '\0';

/**
 * Hides words that begin with a dash from Node's parser, which would take them for short options. There are none here; to
 * argparse such a word is text when it is a negative number or has a space, unless it is `--flag=some text`.
 */
function maskWords(argv: readonly string[], names: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, index) => {
    if (word.length < 2 || !word.startsWith('-') || (end >= 0 && index >= end)) return word;
    const spelled = /^--([^=]+)/.exec(word)?.[1];
    if (spelled === undefined) return MASK + word;
    const isOption = !word.includes(' ') || names.some((name) => name.startsWith(spelled));
    return isOption ? word : MASK + word;
  });
}

/** Throws `usage` when it is neither a number nor a sentence: somebody mistook it for an option. */
function unmaskWord(word: string): string {
  if (!word.startsWith(MASK)) return word;
  const given = word.slice(MASK.length);
  if (given.includes(' ') || /^-(?:\d+|\d*\.\d+)$/.test(given)) return given;
  throw usage(`unrecognized arguments: ${given}`);
}

function unknownOption(token: Extract<Token, { kind: 'option' }>, names: readonly string[]): string {
  const matches = names.filter((name) => name.startsWith(token.name) && token.rawName.startsWith('--'));
  if (matches.length > 1) {
    return `ambiguous option: ${token.rawName} could match ${matches.map((name) => `--${name}`).join(', ')}`;
  }
  return `unrecognized arguments: ${token.rawName}`;
}

interface Named {
  readonly name: string;
  readonly argument: Argument<unknown>;
}

function flagsOf(inputs: Arguments): Map<string, Named> {
  const found = new Map<string, Named>();
  for (const [name, argument] of Object.entries(inputs)) {
    if (argument.positional || argument.kind === 'rest' || argument.kind === 'passthrough') continue;
    for (const spelled of [flagName(name).slice(2), ...argument.aliases]) found.set(spelled, { name, argument });
  }
  return found;
}

/** Every prefix that means exactly one flag. */
function unambiguousSpellings(names: readonly string[]): Map<string, string> {
  const spellings = new Map<string, string>();
  for (const name of names) {
    for (let length = 1; length < name.length; length += 1) {
      const prefix = name.slice(0, length);
      if (names.filter((other) => other.startsWith(prefix)).length === 1) spellings.set(prefix, name);
    }
  }
  for (const name of names) spellings.set(name, name);
  return spellings;
}

function splitRest(
  inputs: Arguments,
  argv: readonly string[],
): { before: string[]; rest: { name: string; words: string[] } | null } {
  const name = Object.keys(inputs).find((input) => inputs[input]?.kind === 'rest');
  const at = name === undefined ? -1 : argv.indexOf(flagName(name));
  if (name === undefined || at < 0) return { before: [...argv], rest: null };
  const words = argv.slice(at + 1);
  return { before: argv.slice(0, at), rest: { name, words: words[0] === '--' ? words.slice(1) : words } };
}

/**
 * Keeps a verb's own tokens apart from what it hands on: options that it does not know, words beyond its own, and
 * everything behind `--`, as they were given and in that order.
 */
function separateForeign(
  inputs: Arguments,
  argv: readonly string[],
  tokens: readonly Token[],
  spellings: ReadonlyMap<string, string>,
): { readonly own: readonly Token[]; readonly foreign: { readonly name: string; readonly words: string[] } | null } {
  const name = Object.keys(inputs).find((input) => inputs[input]?.kind === 'passthrough');
  if (name === undefined) return { own: tokens, foreign: null };
  const end = tokens.find(({ kind }) => kind === 'option-terminator')?.index ?? argv.length;
  let positionals = Object.values(inputs).filter(({ positional }) => positional).length;
  const own: Token[] = [];
  // One argument can be several tokens: `-abc` is three.
  const places = new Set<number>();
  for (const token of tokens) {
    const isOwnOption = token.kind === 'option' && token.rawName.startsWith('--') && spellings.has(token.name);
    const isOwnWord = token.kind === 'positional' && token.index < end && positionals-- > 0;
    if (isOwnOption || isOwnWord) own.push(token);
    else if (token.index !== end) places.add(token.index);
    // A single letter is read as the long option of that name, and takes its value along.
    const tookNext = token.kind === 'option' && token.value !== undefined && !token.inlineValue;
    if (!isOwnOption && tookNext) places.add(token.index + 1);
  }
  return { own, foreign: { name, words: [...places].flatMap((index) => argv[index] ?? []) } };
}

function readPositionals(inputs: Arguments, words: readonly string[], given: Given): void {
  const positionals = Object.entries(inputs).filter(([, argument]) => argument.positional);
  for (const [index, [name, argument]] of positionals.entries()) {
    const word = words[index];
    if (word !== undefined) given[name] = convert(argument, argument.placeholder, word);
  }
  const extra = words.slice(positionals.length);
  if (extra.length > 0) throw usage(`unrecognized arguments: ${extra.join(' ')}`);
}

function convert(argument: Argument<unknown>, spelled: string, text: string): unknown {
  if (argument.choices !== null && !argument.choices.includes(text)) {
    throw usage(`argument ${spelled}: invalid choice: '${text}' (choose from ${argument.choices.join(', ')})`);
  }
  if (argument.kind === 'integer') {
    if (!/^\s*[+-]?\d+\s*$/.test(text)) throw usage(`argument ${spelled}: invalid int value: '${text}'`);
    return Number(text);
  }
  if (argument.kind === 'number') {
    const value = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value)) throw usage(`argument ${spelled}: invalid float value: '${text}'`);
    return value;
  }
  return text;
}

function checkRequired(inputs: Arguments, given: Given): void {
  const missing = Object.entries(inputs)
    .filter(([name, argument]) => argument.required && given[name] === undefined)
    .map(([name, argument]) => (argument.positional ? argument.placeholder.toLowerCase() : flagName(name)));
  if (missing.length > 0) throw usage(`the following arguments are required: ${missing.join(', ')}`);
}

function checkExclusive(operation: AnyOperation, given: Given): void {
  for (const { names, required } of operation.exclusive ?? []) {
    const used = names.filter((name) => given[name] !== undefined);
    const [first, second] = used;
    if (first !== undefined && second !== undefined) {
      throw usage(`argument ${flagName(second)}: not allowed with argument ${flagName(first)}`);
    }
    if (required && first === undefined)
      throw usage(`one of the arguments ${names.map(flagName).join(' ')} is required`);
  }
}

function takesValue(flag: Named | undefined): boolean {
  return flag !== undefined && flag.argument.kind !== 'flag';
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function usage(message: string) {
  return refuse('usage', message);
}
