import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { completions, type Shell } from '../cli/completions.ts';

const folder = fileURLToPath(new URL('../../docs/completions/', import.meta.url));

/** Where the script of each shell is kept, under the name that the shell looks for. */
export const completionFiles: Readonly<Record<Shell, string>> = {
  bash: join(folder, 'conveyor.bash'),
  fish: join(folder, 'conveyor.fish'),
  zsh: join(folder, '_conveyor'),
};

if (process.argv[1] !== undefined && basename(process.argv[1]) === 'shellCompletions.ts') {
  mkdirSync(folder, { recursive: true });
  for (const [shell, file] of Object.entries(completionFiles)) writeFileSync(file, await completions(shell));
}
