import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';

/**
 * One input of an operation: its schema, and how a command line spells it.
 *
 * The same definition makes the flag, the palette's input, the JSON schema and the row of the CLI reference.
 */
export interface Argument<Value> {
  readonly kind: 'flag' | 'text' | 'integer' | 'number' | 'list' | 'rest' | 'passthrough';
  readonly help: string;
  readonly placeholder: string;
  /** True for `conveyor cycle TASK`, false for `--task TASK`. */
  readonly positional: boolean;
  readonly required: boolean;
  readonly choices: readonly string[] | null;
  /** What an omitted argument means. */
  readonly fallback: Value | undefined;
  readonly schema: () => z.ZodMiniType<Value>;
  /** Other spellings of the flag. */
  readonly aliases: readonly string[];
}

export type Arguments = Readonly<Record<string, Argument<unknown>>>;

/** The typed input that a record of arguments describes. */
export type InputOf<Inputs extends Arguments> = {
  readonly [Name in keyof Inputs]: Inputs[Name] extends Argument<infer Value> ? Value : never;
};

interface Common {
  readonly placeholder?: string;
  readonly positional?: boolean;
  readonly aliases?: readonly string[];
}

function define<Value>(
  kind: Argument<Value>['kind'],
  help: string,
  schema: () => z.ZodMiniType<Value>,
  common: Common & { required?: boolean; fallback?: Value | undefined; choices?: readonly string[] },
): Argument<Value> {
  return {
    kind,
    help,
    schema,
    placeholder: common.placeholder ?? kind.toUpperCase(),
    positional: common.positional ?? false,
    required: common.required ?? false,
    choices: common.choices ?? null,
    fallback: common.fallback,
    aliases: common.aliases ?? [],
  };
}

const textOrNull = () => z.nullable(z.string());

/** A switch: present or not. */
export function flag(help: string, common: Common = {}): Argument<boolean> {
  return define('flag', help, z.boolean, { ...common, fallback: false });
}

/** Text that may be left out. */
export function optionalText(help: string, common: Common = {}): Argument<string | null> {
  return define('text', help, textOrNull, { ...common, fallback: null });
}

export function requiredText(help: string, common: Common = {}): Argument<string> {
  return define('text', help, z.string, { ...common, required: true });
}

export function textWithDefault(help: string, fallback: string, common: Common = {}): Argument<string> {
  return define('text', help, z.string, { ...common, fallback });
}

/** A positional that must be there, such as the task of `cycle TASK`. */
export function positional(help: string, placeholder: string): Argument<string> {
  return requiredText(help, { positional: true, placeholder });
}

export function optionalPositional(help: string, placeholder: string): Argument<string | null> {
  return optionalText(help, { positional: true, placeholder });
}

/** A positional of a closed set. */
export function positionalChoice<const Choice extends string>(
  help: string,
  placeholder: string,
  choices: readonly Choice[],
): Argument<Choice> {
  return define('text', help, () => z.enum(choices), { positional: true, placeholder, required: true, choices });
}

export function optionalChoice<const Choice extends string>(
  help: string,
  choices: readonly Choice[],
  common: Common = {},
): Argument<Choice | null> {
  return define<Choice | null>('text', help, () => z.nullable(z.enum(choices)), { ...common, choices, fallback: null });
}

export function requiredChoice<const Choice extends string>(
  help: string,
  choices: readonly Choice[],
  common: Common = {},
): Argument<Choice> {
  return define<Choice>('text', help, () => z.enum(choices), { ...common, choices, required: true });
}

export function choiceWithDefault<const Choice extends string>(
  help: string,
  choices: readonly Choice[],
  fallback: Choice,
  common: Common = {},
): Argument<Choice> {
  return define<Choice>('text', help, () => z.enum(choices), { ...common, choices, fallback });
}

export function optionalInteger(help: string, common: Common = {}): Argument<number | null> {
  return define('integer', help, () => z.nullable(z.int()), { ...common, fallback: null });
}

export function requiredInteger(help: string, common: Common = {}): Argument<number> {
  return define('integer', help, () => z.int(), { ...common, required: true });
}

export function integerWithDefault(help: string, fallback: number, common: Common = {}): Argument<number> {
  return define('integer', help, () => z.int(), { ...common, fallback });
}

export function optionalNumber(help: string, common: Common = {}): Argument<number | null> {
  return define('number', help, () => z.nullable(z.number()), { ...common, fallback: null });
}

export function numberWithDefault(help: string, fallback: number, common: Common = {}): Argument<number> {
  return define('number', help, z.number, { ...common, fallback });
}

/** A flag that may be repeated; every use appends. */
export function textList(help: string, common: Common = {}): Argument<readonly string[]> {
  return define<readonly string[]>('list', help, () => z.array(z.string()), { ...common, fallback: [] });
}

export function choiceList<const Choice extends string>(
  help: string,
  choices: readonly Choice[],
  common: Common = {},
): Argument<readonly Choice[]> {
  return define<readonly Choice[]>('list', help, () => z.array(z.enum(choices)), { ...common, choices, fallback: [] });
}

/** The rest of the command line after the flag, untouched. */
export function restOfLine(help: string): Argument<readonly string[]> {
  return define<readonly string[]>('rest', help, () => z.array(z.string()), {
    fallback: [],
    placeholder: 'COMMAND ...',
  });
}

/** Everything that the verb itself does not know, and whatever follows `--`: meant for another program. */
export function passthrough(help: string, placeholder: string): Argument<readonly string[]> {
  return define<readonly string[]>('passthrough', help, () => z.array(z.string()), { fallback: [], placeholder });
}

/** `camelCase` of an input is `--kebab-case` on the command line. */
export function flagName(inputName: string): string {
  return `--${inputName.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Checks an input that came as data (palette, RPC, MCP) and fills in what was left out.
 *
 * Throws `invalid_value` naming the argument.
 */
export function parseInput<Inputs extends Arguments>(
  inputs: Inputs,
  given: Readonly<Record<string, unknown>>,
): InputOf<Inputs> {
  const entries = Object.entries(inputs).map(([name, argument]) => {
    const value = given[name] === undefined ? argument.fallback : given[name];
    // No argument of a program can hold one, no file name, and no search.
    if ([value].flat().some((text) => typeof text === 'string' && text.includes('\0'))) {
      throw refuse('invalid_value', `${flagName(name)}: a NUL character is in it`);
    }
    const parsed = argument.schema().safeParse(value);
    if (!parsed.success) throw refuse('invalid_value', `${flagName(name)}: ${faultOf(argument, value)}`);
    return [name, parsed.data];
  });
  const unknown = Object.keys(given).find((name) => !(name in inputs));
  if (unknown !== undefined) throw refuse('invalid_value', `unknown argument ${unknown}`);
  // The entries were parsed by the schemas that InputOf is derived from.
  return Object.fromEntries(entries) as InputOf<Inputs>;
}

function faultOf({ kind, help, choices }: Argument<unknown>, value: unknown): string {
  if (value === undefined) return `${help} is missing`;
  if (choices !== null) return `choose from ${choices.join(', ')}`;
  if (kind === 'integer' && typeof value === 'number') return `${value} is no whole number that can be counted with`;
  return `${help} is missing or not valid`;
}
