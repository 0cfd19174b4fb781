import { quoteForShell } from '../domain/shellQuote.ts';
import { type Arguments, flagName } from './argument.ts';

/** Words that stand for something else in a line that is to be read, and stay as they are. */
export type Placeholders = ReadonlyMap<string, string>;

/** How a person types what was run: the verb, its positionals, then the flags that say more than their default. */
export function commandLine(
  program: string,
  operation: { readonly name: string; readonly inputs: Arguments },
  given: Readonly<Record<string, unknown>>,
  placeholders: Placeholders = new Map(),
): string {
  const spell = (value: unknown) => placeholders.get(String(value)) ?? quoteForShell(String(value));
  const known = Object.entries(operation.inputs);
  const positionals = known.flatMap(([name, { positional }]) =>
    positional && isGiven(given[name]) ? [spell(given[name])] : [],
  );
  const flags = known.flatMap(([name, { positional, kind, fallback }]) => {
    const value = given[name];
    if (positional || !isGiven(value) || value === fallback) return [];
    if (kind === 'flag') return [flagName(name)];
    return [value].flat().flatMap((one) => [flagName(name), spell(one)]);
  });
  return [program, operation.name, ...positionals, ...flags].join(' ');
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}
