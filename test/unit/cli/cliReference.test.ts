import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cliReference, cliReferenceFile } from '../../../src/build/cliReference.ts';

describe('docs/cli.md', () => {
  it('is what the definitions say; refresh it with "npm run docs"', async () => {
    assert.equal(readFileSync(cliReferenceFile, 'utf8'), await cliReference());
  });
});
