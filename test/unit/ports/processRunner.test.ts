import assert from 'node:assert/strict';
import { systemProcessRunner } from '../../../src/core/ports/processRunner.ts';

const answersLate = `
  let heard = '';
  process.stdin.on('data', (text) => {
    heard += text;
    setTimeout(() => process.stdout.write('answer to ' + heard), 50);
  });
  process.stdin.on('end', () => process.exit());
`;

describe('running another program', () => {
  const run = (more: object) =>
    systemProcessRunner.run(process.execPath, ['-e', answersLate], { stdin: 'this', ...more });

  it('ends its input at once, or when it has said enough', async () => {
    assert.equal((await run({})).stdout, '');
    const { status, stdout } = await run({ holdsStdinUntil: (said: string) => said.includes('this') });
    assert.deepEqual([status, stdout], [0, 'answer to this']);
  });

  it('ends one that never says enough when its time is over', async () => {
    const { status } = await run({ holdsStdinUntil: () => false, timeoutMilliseconds: 300 });
    assert.equal(status, 124);
  });
});
