import { type Argument, flagName } from '../core/operations/argument.ts';
import type { AnyOperation } from '../core/operations/operation.ts';
import { glossary, pageWidth, wrap } from './wrap.ts';

/** One line, however long: `usage: conveyor bind --task TASK --worker NAME --manager NAME`. */
export function usageLine(program: string, operation: AnyOperation): string {
  return `usage: ${[program, operation.name, ...usageParts(operation)].join(' ')}`;
}

/** The same in lines of a terminal. A flag stays beside its value. */
export function usageText(program: string, operation: AnyOperation): string {
  const start = `usage: ${program} ${operation.name}`;
  const margin = ' '.repeat(Math.min(start.length + 1, 24));
  const lines = [start];
  for (const part of usageParts(operation)) {
    const line = lines.at(-1) ?? '';
    if (line.length + 1 + part.length <= pageWidth)
      lines[lines.length - 1] = `${line}${line === margin ? '' : ' '}${part}`;
    else lines.push(margin + part);
  }
  return lines.join('\n');
}

function usageParts({ inputs }: AnyOperation): readonly string[] {
  // What takes the rest of the line can only stand at its end.
  const entries = Object.entries(inputs).toSorted(
    ([, left], [, right]) => Number(isRest(left)) - Number(isRest(right)),
  );
  return entries.map(([name, argument]) => {
    const spelled = spell(name, argument);
    return argument.required ? spelled : `[${spelled}]`;
  });
}

function isRest({ kind }: Argument<unknown>): boolean {
  return kind === 'rest';
}

const column = 30;

/** What `conveyor VERB --help` prints: at most 80 columns. */
export function verbHelp(program: string, operation: AnyOperation): string {
  const entries = Object.entries(operation.inputs);
  const isWord = ([, { positional, kind }]: (typeof entries)[number]) => positional || kind === 'passthrough';
  const rows = (shown: typeof entries) =>
    shown.map(([name, argument]) => [spell(name, argument), meaning(argument)] as const);
  const section = (title: string, shown: typeof entries) =>
    shown.length === 0 ? '' : `\n${title}:\n${glossary(rows(shown), column)}\n`;
  return [
    `${usageText(program, operation)}\n\n${wrap(operation.summary)}\n`,
    section('arguments', entries.filter(isWord)),
    section(
      'options',
      entries.filter((entry) => !isWord(entry)),
    ),
  ].join('');
}

function meaning({ help, choices, fallback, required, positional }: Argument<unknown>): string {
  const notes = [
    ...(choices === null ? [] : [choices.join(', ')]),
    ...(required && !positional ? ['required'] : []),
    ...((typeof fallback === 'string' && fallback !== '') || typeof fallback === 'number'
      ? [`default: ${fallback}`]
      : []),
  ];
  return `${help}${notes.map((note) => ` (${note})`).join('')}`;
}

export function spell(name: string, argument: Argument<unknown>): string {
  if (argument.positional || argument.kind === 'passthrough') return argument.placeholder;
  if (argument.kind === 'flag') return flagName(name);
  const repeated = argument.kind === 'list' ? ' ...' : '';
  return `${flagName(name)} ${argument.placeholder}${repeated}`;
}
