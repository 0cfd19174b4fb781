import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArguments } from '../../../src/cli/parseArguments.ts';
import { ledgerPath } from '../../../src/cli/completions.ts';
import { tellingVerbs } from '../../../src/cli/help.ts';
import { loadOperation } from '../../../src/core/operations/registry.ts';

const root = resolve(import.meta.dirname, '../../..');

interface Named {
  readonly place: string;
  readonly words: readonly string[];
}

/** Generated from the operations, or a table of what the reference does. */
const others = ['docs/cli.md', 'docs/compat.md'];

function documents(): readonly string[] {
  const below = (folder: string) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name));
  return ['README.md', ...below('docs'), ...below('media/skills')].filter((file) => !others.includes(file));
}

/** Command lines of ours in code spans, and in indented or fenced lines; each part of a pipe by itself. */
function commandsIn(file: string): readonly Named[] {
  // A line that goes on is one line; the numbers below it are off by that much.
  const lines = readFileSync(join(root, file), 'utf8')
    .replaceAll(/ \\\n\s*/g, ' ')
    .split('\n');
  let isFenced = false;
  return lines.flatMap((line, index) => {
    if (line.startsWith('```')) isFenced = !isFenced;
    const code =
      isFenced || /^ {4}\S/.test(line) ? [line.trim()] : [...line.matchAll(/`([^`]+)`/g)].map(([, one = '']) => one);
    return code.flatMap((one) =>
      splitCommands(one)
        .filter(([program]) => program === 'conveyor' || program === 'workerctl')
        .map((words) => ({ place: `${relative('', file)}:${index + 1}`, words: words.slice(1) })),
    );
  });
}

/** Words as a shell would make them; `;`, `&&`, `|`, `>` end a command, `#` begins a remark. */
function splitCommands(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  for (const [, single, double, bare = ''] of line.matchAll(/'([^']*)'|"((?:\\.|[^"])*)"|(\S+)/g)) {
    if (bare === '#') break;
    if (bare === '…') continue;
    if (/^(?:;|&&|\|\|?|>|<.*|2>.*)$/.test(bare)) commands.push([]);
    else commands.at(-1)?.push(single ?? double ?? bare.replace(/;$/, ''));
  }
  return commands;
}

/** What stands for something; numbers where a number is wanted. */
function filled(words: readonly string[]): readonly string[] {
  return words.map((word) => (/^(?:ID|PID|N)$/.test(word) ? '1' : word));
}

describe('documents and skills', () => {
  const named = documents().flatMap(commandsIn);

  it('have commands in them', () => {
    assert.ok(named.length > 150, String(named.length));
    for (const file of ['media/skills/manage-codex-workers/SKILL.md', 'docs/guides/loops.md'])
      assert.ok(
        named.some(({ place }) => place.startsWith(file)),
        file,
      );
  });

  it('name only verbs that there are, with flags and values that they take', async () => {
    const wrong: string[] = [];
    for (const { place, words } of named) {
      const [verb = '', ...rest] = words;
      if (verb === '' || verb === 'VERB' || Object.hasOwn(tellingVerbs, verb)) continue;
      const operation = await loadOperation(verb);
      if (operation === null) {
        wrong.push(`${place}: no verb ${verb}`);
        continue;
      }
      // A verb alone is a mention, not a command line.
      if (rest.length === 0 || words.includes('--help')) continue;
      try {
        parseArguments({ ...operation, inputs: { ...operation.inputs, path: ledgerPath } }, filled(rest));
      } catch (error) {
        wrong.push(`${place}: ${words.join(' ')}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('name only npm scripts that there are', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    );
    const missing = documents().flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/npm run ([\w:-]+)/g)]
        .map(([, script = '']) => script)
        .filter((script) => !(script in scripts))
        .map((script) => `${file}: ${script}`),
    );
    assert.deepEqual(missing, []);
  });

  it('refer only to files that are there', () => {
    const missing = documents().flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const guides = file.startsWith('docs/guides/') || file.endsWith('manage-codex-workers/SKILL.md');
      const linked = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, to = '']) => join(file, '..', to));
      const plain = [...text.matchAll(/`(docs\/[\w/-]+\.(?:md|png))`/g)].map(([, to = '']) => to);
      const beside = guides
        ? [...text.matchAll(/`(?:references\/)?([\w-]+\.md)`/g)].map(([, to = '']) => join('docs/guides', to))
        : [];
      return [...linked, ...plain, ...beside].filter((to) => !exists(to)).map((to) => `${file}: ${to}`);
    });
    assert.deepEqual(missing, []);
  });
});

function exists(path: string): boolean {
  try {
    readFileSync(join(root, path));
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EISDIR';
  }
}
