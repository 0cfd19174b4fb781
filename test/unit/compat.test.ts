import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compatFile, compatWithDeviations } from '../../src/build/deviationTables.ts';

/** What the lists at the ends of the specs hold. */
const weakPoints = { CP: 54, OD: 49, AT: 22, LQ: 14 } as const;

interface Row {
  readonly id: string;
  readonly answer: string;
  readonly tests: readonly string[];
}

describe('docs/compat.md', () => {
  const text = readFileSync(compatFile, 'utf8');
  const rows = text.split('\n').flatMap((line): Row[] => {
    const match = /^\| ((?:CP|OD|AT|LQ)-\d+) \| (?:[^|]+) \| ([^|]+) \| ([^|]*)\|$/.exec(line);
    if (match === null) return [];
    const [, id = '', answer = '', tests = ''] = match;
    return [{ id, answer, tests: [...tests.matchAll(/`([^`]+)`/g)].map(([, title = '']) => title) }];
  });

  it('has one row for each weak point of the lists that are done, in their order', () => {
    for (const [list, count] of Object.entries(weakPoints)) {
      const wanted = Array.from({ length: count }, (_, index) => `${list}-${index + 1}`);
      const found = rows.map(({ id }) => id).filter((id) => id.startsWith(`${list}-`));
      assert.deepEqual(found, wanted);
    }
  });

  it('names a test in each row, unless there is nothing to test yet', () => {
    const untested = rows.filter(({ tests, answer }) => tests.length === 0 && !answer.startsWith('not yet (issue '));
    assert.deepEqual(
      untested.map(({ id }) => id),
      [],
    );
  });

  it('names only tests that exist', () => {
    const titles = testTitles();
    const missing = rows.flatMap(({ id, tests }) =>
      tests.filter((title) => !titles.has(title)).map((title) => `${id}: ${title}`),
    );
    assert.deepEqual(missing, []);
  });

  it('lists the deviations of the suites as they are; refresh it with "npm run docs"', () => {
    assert.equal(text, compatWithDeviations());
  });
});

/** Titles as they stand in the sources. One that is put together at run time cannot be named. */
function testTitles(): ReadonlySet<string> {
  const folder = join(import.meta.dirname, '..');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  const title = /\bit\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\$])*)`)/g;
  return new Set(
    files.flatMap((name) => {
      const source = readFileSync(join(folder, name), 'utf8');
      return [...source.matchAll(title)].map(([, single, double, template]) =>
        (single ?? double ?? template ?? '').replaceAll(/\\(.)/g, '$1'),
      );
    }),
  );
}
