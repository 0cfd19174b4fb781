import assert from 'node:assert/strict';
import * as z from 'zod/mini';
import { parseArguments } from '../../../src/cli/parseArguments.ts';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import {
  flag,
  integerWithDefault,
  numberWithDefault,
  optionalChoice,
  optionalText,
  passthrough,
  positional,
  restOfLine,
  textList,
} from '../../../src/core/operations/argument.ts';
import { type AnyOperation, defineOperation } from '../../../src/core/operations/operation.ts';

const sample: AnyOperation = defineOperation({
  name: 'sample',
  summary: 'A verb with one argument of each kind.',
  effect: 'reads',
  inputs: {
    task: positional('a task', 'TASK'),
    summary: optionalText('text'),
    summarize: flag('a switch with a longer name'),
    limit: integerWithDefault('a number', 10),
    timeout: numberWithDefault('seconds', 30),
    state: optionalChoice('a choice', ['active', 'gone']),
    nextStep: textList('a list'),
    reviewerCommand: restOfLine('a command'),
    accept: flag('one of two'),
    reject: flag('the other of two'),
  },
  exclusive: [{ names: ['accept', 'reject'], required: false }],
  output: () => z.null(),
  run: () => null,
});

describe('parseArguments', () => {
  it('takes options before and after positionals, with and without an equals sign', () => {
    assert.deepEqual(parse('--limit', '3', 't1', '--summary=a b'), { limit: 3, task: 't1', summary: 'a b' });
  });

  it('accepts an unambiguous prefix, and the exact name though it begins another', () => {
    assert.deepEqual(parse('t1', '--lim', '3'), { task: 't1', limit: 3 });
    assert.deepEqual(parse('t1', '--summary', 'x'), { task: 't1', summary: 'x' });
    refuses(['t1', '--summ', 'x'], /ambiguous option: --summ could match --summary, --summarize/);
  });

  it('appends every use of a repeatable flag', () => {
    assert.deepEqual(parse('t1', '--next-step', 'a', '--next-step', 'b'), { task: 't1', nextStep: ['a', 'b'] });
  });

  it('takes text that begins with a dash as a value, and everything after -- as it is', () => {
    assert.deepEqual(parse('t1', '--summary', '- first'), { task: 't1', summary: '- first' });
    assert.deepEqual(parse('--', '--limit'), { task: '--limit' });
  });

  it('takes words with a space and negative numbers as words, also in place of a positional', () => {
    assert.deepEqual(parse('- do this'), { task: '- do this' });
    assert.deepEqual(parse('--summary of it', '--limit', '3'), { task: '--summary of it', limit: 3 });
    assert.deepEqual(parse('--limit', '-3', '-5'), { task: '-5', limit: -3 });
    assert.deepEqual(parse('-.5'), { task: '-.5' });
    assert.deepEqual(parse('t1', '--summary=a b'), { task: 't1', summary: 'a b' });
    refuses(['--summ=a b'], /ambiguous option: --summ/);
  });

  it('takes no single dash for the beginning of a long option', () => {
    refuses(['t1', '-l', '3'], /unrecognized arguments: -l/);
    refuses(['t1', '-limit'], /unrecognized arguments: -limit/);
    assert.deepEqual(parse('t1', '--summary', '-l'), { task: 't1', summary: '-l' });
    assert.deepEqual(parse('--', '-l'), { task: '-l' });
  });

  it('reads decimal numbers only', () => {
    assert.deepEqual(parse('t1', '--timeout', ' +1.5e1 '), { task: 't1', timeout: 15 });
    assert.deepEqual(parse('t1', '--timeout', '.5'), { task: 't1', timeout: 0.5 });
    for (const text of ['0x10', '0b1', 'Infinity', '1e999', 'nan', '1_0', '', '1,5']) {
      refuses(['t1', '--timeout', text], /argument --timeout: invalid float value/);
    }
  });

  it('does not let a forgotten value swallow the next option', () => {
    refuses(['t1', '--summary', '--limit', '3'], /argument --summary: expected one argument/);
    refuses(['t1', '--summary'], /argument --summary: expected one argument/);
  });

  it('leaves the rest of the line alone', () => {
    assert.deepEqual(parse('t1', '--reviewer-command', 'sh', '-c', '--limit'), {
      task: 't1',
      reviewerCommand: ['sh', '-c', '--limit'],
    });
    assert.deepEqual(parse('t1', '--reviewer-command', '--', 'sh'), { task: 't1', reviewerCommand: ['sh'] });
  });

  it('names what is wrong', () => {
    refuses(['t1', '--limit', 'many'], /argument --limit: invalid int value: 'many'/);
    refuses(['t1', '--state', 'asleep'], /invalid choice: 'asleep' \(choose from active, gone\)/);
    refuses(['t1', '--nonsense'], /unrecognized arguments: --nonsense/);
    refuses(['t1', 't2'], /unrecognized arguments: t2/);
    refuses([], /the following arguments are required: task/);
    refuses(['t1', '--accept', '--reject'], /argument --reject: not allowed with argument --accept/);
    refuses(['t1', '--accept=yes'], /ignored explicit argument 'yes'/);
  });
});

function parse(...argv: string[]) {
  return { ...parseArguments(sample, argv) };
}

function refuses(argv: string[], sentence: RegExp): void {
  assert.throws(
    () => parseArguments(sample, argv),
    (error) => ConveyorError.is(error, 'usage') && sentence.test(error.message),
    String(sentence),
  );
}

describe('parseArguments of a verb that hands on what it does not know', () => {
  const launcher: AnyOperation = defineOperation({
    name: 'launcher',
    summary: 'Starts another program.',
    effect: 'acts',
    inputs: {
      name: positional('a name', 'NAME'),
      cwd: optionalText('a folder'),
      quiet: flag('a switch'),
      program: passthrough('arguments of the other program', 'ARGUMENT ...'),
    },
    output: () => z.null(),
    run: () => null,
  });
  const read = (...argv: string[]) => parseArguments(launcher, argv);

  it('takes its own options from anywhere before --, and leaves the rest in order', () => {
    assert.deepEqual(read('n1', '--model', 'tiny', '--cwd', '/srv', '-c', 'a=b', '--quiet', '--flag=x', 'word'), {
      name: 'n1',
      cwd: '/srv',
      quiet: true,
      program: ['--model', 'tiny', '-c', 'a=b', '--flag=x', 'word'],
    });
  });

  it('hands on everything behind --, its own names too', () => {
    assert.deepEqual(read('n1', '--', '--cwd', '/x', '-abc', '--', 'word'), {
      name: 'n1',
      program: ['--cwd', '/x', '-abc', '--', 'word'],
    });
  });

  it('takes no single letter for the beginning of a long option', () => {
    assert.deepEqual(read('n1', '-c', '-q'), { name: 'n1', program: ['-c', '-q'] });
  });

  it('still wants what is required', () => {
    assert.throws(
      () => read('--', 'n1'),
      (error) => ConveyorError.is(error, 'usage') && error.message.includes('name'),
    );
    assert.deepEqual(read('n1'), { name: 'n1', program: [] });
  });
});
