import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spell, usageLine } from '../cli/usage.ts';
import type { AnyOperation } from '../core/operations/operation.ts';
import { loadOperation, operationNames } from '../core/operations/registry.ts';

export const cliReferenceFile = fileURLToPath(new URL('../../docs/cli.md', import.meta.url));

/** `docs/cli.md` from the definitions that run. */
export async function cliReference(): Promise<string> {
  const operations = await Promise.all(operationNames.map((name) => loadOperation(name)));
  const sections = operations.filter((operation) => operation !== null).map(section);
  return `${head}\n${sections.join('\n')}`;
}

const head = `# Command line

<!-- Generated from src/core/operations by \`npm run docs\`; a test fails when it is stale. -->

\`conveyor VERB …\` (also installed as \`workerctl\`). Long options may be shortened as long as they stay unambiguous; options may stand before or after positionals; \`--\` ends options. Every verb takes \`--path FILE\` for another ledger. Exit status: 0 done, 1 refused or a negative answer, 2 not understood. Errors are one line on stderr.

\`conveyor help\` lists the verbs by topic, \`conveyor help TOPIC\` and \`conveyor VERB --help\` explain one. \`conveyor completions bash\` (or \`zsh\`, \`fish\`) prints what the shell needs to complete verbs, flags, choices and the names in the ledger:

    source <(conveyor completions bash)                                   # in ~/.bashrc
    conveyor completions zsh > ~/.zfunc/_conveyor                         # a folder of $fpath
    conveyor completions fish > ~/.config/fish/completions/conveyor.fish
`;

const effects = {
  reads: 'reads the ledger',
  writes: 'writes to the ledger',
  acts: 'acts on panes and processes',
} as const;

function section(operation: AnyOperation): string {
  const rows = Object.entries(operation.inputs).map(([name, argument]) => {
    const choices =
      argument.choices === null ? '' : ` One of ${argument.choices.map((choice) => `\`${choice}\``).join(', ')}.`;
    const fallback = defaultOf(argument.fallback);
    return `| \`${spell(name, argument)}\` | ${argument.required ? 'yes' : ''} | ${argument.help}.${choices}${fallback} |`;
  });
  const table = rows.length === 0 ? '' : `\n| argument | required | meaning |\n|---|---|---|\n${rows.join('\n')}\n`;
  return `## ${operation.name}\n\n${operation.summary} (${effects[operation.effect]})\n\n    ${usageLine('conveyor', operation).slice('usage: '.length)}\n${table}`;
}

function defaultOf(fallback: unknown): string {
  const isPlain = (typeof fallback === 'string' && fallback !== '') || typeof fallback === 'number';
  return isPlain ? ` Default: \`${String(fallback)}\`.` : '';
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === 'cliReference.ts') {
  writeFileSync(cliReferenceFile, await cliReference());
}
