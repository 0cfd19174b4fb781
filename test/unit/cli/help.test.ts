import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { overview, topicHelp, topicNames } from '../../../src/cli/help.ts';
import { topics } from '../../../src/cli/topics.ts';
import { verbHelp } from '../../../src/cli/usage.ts';
import { isOperationName, loadOperation, operationNames } from '../../../src/core/operations/registry.ts';

const entry = fileURLToPath(new URL('../../../src/cli/entry.ts', import.meta.url));

function conveyor(...argv: readonly string[]) {
  return spawnSync(process.execPath, [entry, ...argv], { encoding: 'utf8' });
}

function longLines(text: string): string[] {
  return text.split('\n').filter((line) => line.length > 80);
}

describe('help', function () {
  this.timeout(60_000);

  it('fits 80 columns for every verb, and says something about each of its arguments', async () => {
    for (const name of operationNames) {
      const operation = await loadOperation(name);
      assert.ok(operation !== null);
      const text = verbHelp('conveyor', operation);
      assert.deepEqual(longLines(text), [], name);
      assert.match(operation.summary, /^[A-Z].{10,}\.$/, name);
      for (const [input, { help }] of Object.entries(operation.inputs)) assert.ok(help.length >= 3, `${name} ${input}`);
      assert.doesNotMatch(text, /\(\)|undefined|null/, name);
    }
  });

  it('lists each verb once, by topic, and explains each topic within 80 columns', async () => {
    const all = await overview('conveyor');
    assert.deepEqual(longLines(all), []);
    for (const name of operationNames) {
      assert.equal(
        all.split('\n').filter((line) => line.startsWith(`  ${name} `) || line === `  ${name}`).length,
        1,
        name,
      );
    }
    for (const name of topicNames) {
      const text = (await topicHelp('conveyor', name)) ?? '';
      assert.ok(text.length > 100, name);
      assert.deepEqual(longLines(text), [], name);
      assert.ok(!isOperationName(name), `a topic must not hide behind the verb ${name}`);
    }
    const listed = Object.values(topics).flatMap(({ verbs }) => verbs);
    assert.deepEqual(listed, [...new Set(listed)]);
  });

  it('is the same whichever way a verb is asked about', () => {
    const asked = conveyor('help', 'bind');
    assert.deepEqual([asked.status, asked.stderr], [0, '']);
    assert.match(asked.stdout, /^usage: conveyor bind --task TASK --worker NAME --manager NAME \[--path FILE\]\n/);
    assert.equal(conveyor('bind', '--help').stdout, asked.stdout);
    assert.match(asked.stdout, / {2}--path FILE /);
    assert.equal(conveyor('help').stdout, conveyor('--help').stdout);
    assert.match(conveyor('help', 'search').stdout, /^usage: conveyor discover/);
    assert.match(conveyor('help', 'exit').stdout, /^Exit status\n/);
  });

  it('is given wherever it is asked for, but not for a word of another program', () => {
    const asked = conveyor('tasks', '--help').stdout;
    assert.equal(conveyor('tasks', '--json', '-h').stdout, asked);
    assert.equal(conveyor('tasks', '--json', '--help').stdout, asked);
    const turn = ['--correlation-id', 't', '--reviewer-session-id', 'r', '--manager-session-id', 'r'];
    const { stdout, stderr } = conveyor('continuation-reviewer', 'x', ...turn, '--reviewer-command', 'judge', '--help');
    assert.deepEqual([stdout, /must differ/.test(stderr)], ['', true]);
  });

  it('refuses what it does not know with the nearest name, as a usage error', () => {
    for (const [argv, says] of [
      [['cylce'], /invalid choice: 'cylce'.*did you mean cycle\?/],
      [['help', 'maneger-config'], /did you mean manager-config\?/],
      [['help', 'bind', 'unbind'], /unrecognized arguments: unbind/],
      [['completions'], /required: shell/],
      [['completions', 'tcsh'], /invalid choice: 'tcsh' \(choose from bash, fish, zsh\)/],
      [['--verbose'], /invalid choice: '--verbose'/],
      [[], /required: verb/],
      [['toString'], /invalid choice/],
      [['help', '__proto__'], /invalid choice/],
    ] as const) {
      const { status, stdout, stderr } = conveyor(...argv);
      assert.deepEqual([status, stdout], [2, ''], argv.join(' '));
      assert.match(stderr, says);
    }
  });

  it('wraps the usage of an error too', () => {
    const { status, stderr } = conveyor('pair');
    assert.equal(status, 2);
    const [usage = '', error = ''] = stderr.split(/\n(?=conveyor pair: )/);
    assert.deepEqual(longLines(usage), []);
    assert.match(error, /^conveyor pair: error: the following arguments are required: --task, --worker-name/);
  });
});
