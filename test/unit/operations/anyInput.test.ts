import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { type Argument, parseInput } from '../../../src/core/operations/argument.ts';
import { loadOperation, operationNames } from '../../../src/core/operations/registry.ts';
import type { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { head } from '../support/sessionFixture.ts';
import { supervised, type Supervised } from '../supervise/support.ts';

/** Words that mean something here, and words that mean trouble. None is a path that leads out of the test's folder. */
const words = [
  'alpha',
  'w1',
  'm1',
  'g1',
  'beta',
  'run-1',
  't',
  '1',
  '2',
  '999999',
  '-1',
  '0',
  '',
  ' ',
  '\n',
  '\t',
  '-',
  '--',
  '--json',
  '%',
  '%s',
  '*',
  '"',
  "'",
  '`',
  '$(x)',
  '\\',
  '{}',
  '[]',
  'null',
  '{',
  'ünï',
  '漢字',
  '👩‍👩‍👧',
  '\u0000',
  '\u001b[31m',
  '\u202e',
  '\ud800',
  'é'.repeat(300),
  'x'.repeat(70_000),
  '{"a": 1}',
  '{"a": NaN}',
  '{"__proto__": 1}',
  `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
  '[1, 2]',
  '2026-01-02T03:04:05Z',
  '1h',
  '-1d',
  'constructor',
  '__proto__',
  'toString',
  'rollouts',
  'rollouts/w.jsonl',
  '"; DROP TABLE tasks; --',
  "' OR 1=1",
  'a OR b',
  'NEAR(',
  '^',
  'a:b',
  'context.spawn_reviewer',
];
const numbers = [0, 1, 2, -1, 10, 2 ** 31, 2 ** 53 - 1, -(2 ** 53 - 1), 3, 90];
const fractions = [...numbers, 0.5, -0.001, 1e308, 5e-324];

function valueOf({ kind, choices, required, fallback }: Argument<unknown>): fc.Arbitrary<unknown> {
  const one = choices === null ? fc.constantFrom(...words) : fc.constantFrom(...choices);
  const kinds: Record<Argument<unknown>['kind'], fc.Arbitrary<unknown>> = {
    flag: fc.boolean(),
    text: one,
    integer: fc.constantFrom(...numbers),
    number: fc.constantFrom(...fractions),
    list: fc.array(one, { maxLength: 3 }),
    rest: fc.array(one, { maxLength: 3 }),
    passthrough: fc.array(one, { maxLength: 3 }),
  };
  const value = kinds[kind];
  return required ? value : fc.option(value, { nil: fallback, freq: 3 });
}

/** Ends by itself only when somebody ends it. */
const endless: Readonly<Record<string, object>> = {
  dispatch: { watch: false },
  'manager-inbox': { wait: false },
  'session-inbox': { wait: false },
  'worker-inbox': { wait: false },
};

async function scene(): Promise<Supervised> {
  const fixture = await supervised();
  const { context, folder } = fixture;
  mkdirSync(join(folder, 'rollouts'));
  writeFileSync(join(folder, 'rollouts', 'w.jsonl'), head('thread-w1'));
  fixture.addSession({ name: 'g1', role: 'worker' });
  fixture.addSession({ name: '漢字', role: 'worker', tmuxSession: 'somewhere', pid: 7 });
  context.ledger.run("UPDATE sessions SET state = 'gone' WHERE name = 'g1'");
  await fixture.run(must(await loadOperation('tasks')), { create: 'beta', goal: 'x' });
  await fixture.run(must(await loadOperation('manager-config')), { task: 'alpha', permit: ['context.spawn_reviewer'] });
  await fixture.run(must(await loadOperation('criteria')), {
    task: 'alpha',
    add: true,
    criterion: 'It works',
    source: 'worker_proposed',
  });
  return fixture;
}

function must<Value>(value: Value | null): Value {
  assert.ok(value !== null);
  return value;
}

describe('any input of any verb', function () {
  this.timeout(60_000);
  let fixture: Supervised;
  const usual = process.env.TMPDIR;

  // One ledger for all inputs of a verb: what was done before is part of what may happen.
  beforeEach(async () => {
    fixture = await scene();
    // What a verb leaves in the folder for temporary files goes with the rest.
    process.env.TMPDIR = fixture.folder;
  });

  afterEach(() => {
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
    fixture.dispose();
  });

  for (const name of operationNames) {
    it(`CP-54: is done or refused in a sentence by ${name}`, async () => {
      const operation = must(await loadOperation(name));
      const given = fc.record(
        Object.fromEntries(Object.entries(operation.inputs).map(([key, argument]) => [key, valueOf(argument)])),
      );
      await fc.assert(
        fc.asyncProperty(given, fc.constantFrom(...words), async (input, piped) => {
          fixture.pipe(piped);
          await attempt(fixture.context, { ...input, ...endless[name] });
        }),
        { numRuns: Number(process.env.CONVEYOR_RUNS ?? 40) },
      );

      async function attempt(context: HostedContext, input: Record<string, unknown>): Promise<void> {
        try {
          const parsed = parseInput(operation.inputs, input);
          const output = await operation.run(context, parsed);
          assert.ok(operation.output().safeParse(output).success, 'the answer has the shape that is declared');
          // What was asked for as JSON is never put into words.
          if (input.json !== true) operation.text?.(output, parsed, context);
          operation.notice?.(output, parsed);
          operation.exitStatus?.(output, parsed);
        } catch (error) {
          if (!ConveyorError.is(error)) throw error;
          assert.notEqual(error.code, 'internal', error.message);
          assert.ok(!error.message.includes('undefined'), error.message);
        }
      }
    });
  }
});
