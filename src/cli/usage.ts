import { type Argument, flagName } from '../core/operations/argument.ts';
import type { AnyOperation } from '../core/operations/operation.ts';

/** One line: `usage: conveyor bind --task TASK --worker NAME --manager NAME`. */
export function usageLine(program: string, operation: AnyOperation): string {
  const parts = Object.entries(operation.inputs).map(([name, argument]) => {
    const spelled = spell(name, argument);
    return argument.required ? spelled : `[${spelled}]`;
  });
  return `usage: ${[program, operation.name, ...parts].join(' ')}`;
}

/** What `conveyor VERB --help` prints. */
export function verbHelp(program: string, operation: AnyOperation): string {
  const rows = Object.entries(operation.inputs).map(([name, argument]) => {
    const choices = argument.choices === null ? '' : ` (${argument.choices.join(', ')})`;
    return `  ${spell(name, argument).padEnd(34)} ${argument.help}${choices}`;
  });
  return `${usageLine(program, operation)}\n\n${operation.summary}\n${rows.length > 0 ? `\n${rows.join('\n')}\n` : ''}`;
}

export function spell(name: string, argument: Argument<unknown>): string {
  if (argument.positional || argument.kind === 'passthrough') return argument.placeholder;
  if (argument.kind === 'flag') return flagName(name);
  const repeated = argument.kind === 'list' ? ' ...' : '';
  return `${flagName(name)} ${argument.placeholder}${repeated}`;
}
