import assert from 'node:assert/strict';
import { withoutControls } from '../../../src/cli/withoutControls.ts';

describe('what a terminal is shown', () => {
  it('holds no control character but lines and tabs', () => {
    const told = 'a\u001B[31mred\u001B]52;c;eA==\u0007\tb\r\nc\r\u0000\u009B1m\u007F ü😀\n';
    assert.equal(withoutControls(told), 'a\\x1b[31mred\\x1b]52;c;eA==\\x07\tb\nc\\x0d\\x00\\x9b1m\\x7f ü😀\n');
  });
});
