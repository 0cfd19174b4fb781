import { permissionCategories, permissionNames } from '../core/domain/permissions.ts';
import { refuse } from '../core/domain/errors.ts';
import { type Argument, flagName, optionalText } from '../core/operations/argument.ts';
import type { AnyOperation } from '../core/operations/operation.ts';
import { loadOperation, operationNames } from '../core/operations/registry.ts';
import { bashCompletions } from './completionsBash.ts';
import { fishCompletions } from './completionsFish.ts';
import { zshCompletions } from './completionsZsh.ts';
import { tellingVerbs, topicNames } from './help.ts';

/** What can be put in a place: words, or what the shell or the ledger has. */
export type Offer =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'tasks' | 'sessions' | 'files' | 'folders' | 'nothing' };

export interface CompletedOption {
  readonly flag: string;
  readonly help: string;
  readonly placeholder: string;
  /** Null for a switch. */
  readonly value: Offer | null;
  readonly isRepeatable: boolean;
}

export interface CompletedVerb {
  readonly name: string;
  readonly summary: string;
  readonly words: readonly { readonly placeholder: string; readonly value: Offer }[];
  readonly options: readonly CompletedOption[];
}

const shells = { bash: bashCompletions, fish: fishCompletions, zsh: zshCompletions } as const;
export type Shell = keyof typeof shells;
export const shellNames = Object.keys(shells).filter(isShell);

/** Every verb takes it. */
export const ledgerPath = optionalText('another ledger file', { placeholder: 'FILE' });

/** The script that a shell reads. Throws `usage` for a shell that is not known. */
export async function completions(shell: string | undefined): Promise<string> {
  if (shell === undefined) throw refuse('usage', 'the following arguments are required: shell');
  if (!isShell(shell)) {
    throw refuse('usage', `argument shell: invalid choice: '${shell}' (choose from ${shellNames.join(', ')})`);
  }
  return shells[shell](await completedVerbs());
}

function isShell(name: string): name is Shell {
  return Object.hasOwn(shells, name);
}

async function completedVerbs(): Promise<readonly CompletedVerb[]> {
  const operations = await Promise.all(operationNames.map((name) => loadOperation(name)));
  const verbs = operations.filter((one) => one !== null).map(completed);
  const search = verbs.filter(({ name }) => name === 'discover').map((verb) => ({ ...verb, name: 'search' }));
  const telling = Object.entries(tellingVerbs).map(([name, summary]) => ({
    name,
    summary,
    options: [],
    words: [{ placeholder: name === 'help' ? 'TOPIC' : 'SHELL', value: toldAbout(name, verbs) }],
  }));
  return [...verbs, ...search, ...telling].toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

function toldAbout(name: string, verbs: readonly CompletedVerb[]): Offer {
  return { kind: 'words', words: name === 'help' ? [...verbs.map((verb) => verb.name), ...topicNames] : shellNames };
}

function completed({ name: verb, summary, inputs }: AnyOperation): CompletedVerb {
  const entries = Object.entries({ ...inputs, path: ledgerPath }).filter(([, { kind }]) => kind !== 'passthrough');
  return {
    name: verb,
    summary,
    words: entries
      .filter(([, { positional }]) => positional)
      .map(([name, argument]) => ({ placeholder: argument.placeholder, value: offerOf(verb, name, argument) })),
    options: [
      ...entries
        .filter(([, { positional }]) => !positional)
        .map(([name, argument]) => ({
          flag: flagName(name),
          help: argument.help,
          placeholder: argument.placeholder,
          value: argument.kind === 'flag' ? null : offerOf(verb, name, argument),
          isRepeatable: argument.kind === 'list',
        })),
      { flag: '--help', help: 'explain this verb', placeholder: '', value: null, isRepeatable: false },
    ],
  };
}

const places: Readonly<Record<string, Offer>> = {
  TASK: { kind: 'tasks' },
  SESSION: { kind: 'sessions' },
  FILE: { kind: 'files' },
  PATH: { kind: 'files' },
  PNG: { kind: 'files' },
  'COMMAND ...': { kind: 'files' },
  FOLDER: { kind: 'folders' },
  'CATEGORY.ACTION': { kind: 'words', words: permissionNames },
  ACTION: { kind: 'words', words: [...permissionNames, ...permissionCategories] },
};

/** Verbs whose name is a new one. */
const naming = ['create', 'create-disposable-binding', 'pair', 'register-manager', 'register-worker', 'start'];

function offerOf(verb: string, name: string, { choices, placeholder, positional }: Argument<unknown>): Offer {
  if (choices !== null) return { kind: 'words', words: choices };
  const isSession = positional || name === 'worker' || name === 'manager';
  if (placeholder === 'NAME' || placeholder === 'SESSION') {
    return (isSession || placeholder === 'SESSION') && !naming.includes(verb)
      ? { kind: 'sessions' }
      : { kind: 'nothing' };
  }
  return places[placeholder] ?? { kind: 'nothing' };
}
