import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { parseArguments } from '../../../src/cli/parseArguments.ts';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { flagName } from '../../../src/core/operations/argument.ts';
import { loadOperation, operationNames } from '../../../src/core/operations/registry.ts';

/** Words of a command line: of this verb, of any, and of none. */
function wordsFor(flags: readonly string[]): fc.Arbitrary<string> {
  const flag = fc.constantFrom(...flags);
  return fc.oneof(
    flag,
    fc.tuple(flag, fc.string({ maxLength: 5 })).map(([name, value]) => `${name}=${value}`),
    fc.tuple(flag, fc.nat({ max: 12 })).map(([name, length]) => name.slice(0, length)),
    fc.constantFrom(
      '--',
      '-',
      '',
      '-h1',
      '-x',
      '--no',
      '---',
      '--=',
      '--json=1',
      '-1',
      '1e999',
      'NaN',
      '0x10',
      '__proto__',
    ),
    fc.constantFrom('--__proto__', '--constructor', '--toString=1', 'alpha', '9'.repeat(400), '\u0000', '\ud800', ' '),
    fc.string({ maxLength: 8 }),
  );
}

describe('any command line', () => {
  for (const name of operationNames) {
    it(`is an input of ${name}, or wrong usage`, async () => {
      const operation = (await loadOperation(name)) ?? assert.fail(name);
      const flags = [...Object.keys(operation.inputs).map(flagName), '--path'];
      fc.assert(
        fc.property(fc.array(wordsFor(flags), { maxLength: 7 }), (argv) => {
          try {
            const given = parseArguments(operation, argv);
            assert.deepEqual(
              Object.keys(given).filter((input) => !(input in operation.inputs)),
              [],
            );
          } catch (error) {
            assert.ok(ConveyorError.is(error, 'usage'), `${argv.join(' ')}: ${String(error)}`);
          }
        }),
        { numRuns: Number(process.env.CONVEYOR_RUNS ?? 100) },
      );
    });
  }
});
