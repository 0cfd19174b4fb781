import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { isSameText, linesForReader, prepareText } from '../../../src/core/delivery/messageText.ts';

describe('the text of a message', () => {
  const refused = (error: unknown) => ConveyorError.is(error, 'message_refused');

  it('is refused when it would run something, or says nothing', () => {
    for (const text of ['', ' \n\t ', '\u001B[31m\u0007', '!ls', '  !ls', '/quit', '/compact now', '/clear']) {
      assert.throws(() => prepareText(text), refused, JSON.stringify(text));
    }
  });

  it("OD-45: a refusal doesn't repeat it", () => {
    for (const text of ['!my-secret', '/my-secret now', `my-secret ${'x'.repeat(1_000_001)}`]) {
      assert.throws(
        () => prepareText(text),
        (error) => error instanceof Error && !error.message.includes('secret'),
        text.slice(0, 20),
      );
    }
  });

  it('runs a slash command that was permitted by name, and only that', () => {
    assert.deepEqual(prepareText(' /compact\n', ['/compact']), {
      pasted: '/compact',
      recorded: '/compact',
      isCommand: true,
    });
    assert.throws(() => prepareText('/clear', ['/compact']), refused);
    assert.throws(() => prepareText('/compact --hard', ['/compact']), refused);
  });

  it('is guarded by a space where the composer would take it for something else', () => {
    assert.equal(prepareText('/tmp/file is there').pasted, ' /tmp/file is there');
    assert.equal(prepareText('?why').pasted, ' ?why');
    assert.equal(prepareText('look at @src').pasted, 'look at @src ');
    assert.equal(prepareText('use $skill').pasted, 'use $skill ');
    assert.equal(prepareText('@src is odd').pasted, ' @src is odd');
    assert.equal(prepareText('mail a@b now').pasted, 'mail a@b now');
  });

  it('keeps tabs and newlines, and no other control characters', () => {
    const text = prepareText('a\tb\r\nc\rd\u0000\u0007\u007F e\u001B[31mf\u001B]0;title\u0007g\u009Bh');
    assert.equal(text.recorded, 'a\tb\nc\nd efgh');
  });

  it('whatever is sent holds no escape, and is what the rollout is searched for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (given) => {
        let text;
        try {
          text = prepareText(given);
        } catch (error) {
          return refused(error);
        }
        // eslint-disable-next-line no-control-regex -- the characters that must not be there
        const isClean = !/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/u.test(text.pasted);
        return isClean && isSameText(text.pasted, text.recorded) && !text.pasted.startsWith('!');
      }),
    );
  });

  it('is the same text trimmed, wrapped or with other line ends', () => {
    assert.equal(isSameText('\n one\r\ntwo ', 'one\ntwo'), true);
    assert.equal(isSameText('e\u0301', '\u00E9'), true);
    assert.equal(isSameText('one two', 'onetwo'), false);
  });

  it("becomes lines that a terminal's line buffer holds, for something that reads lines", () => {
    assert.deepEqual(linesForReader('one\n\n two\tthree'), ['one two three']);
    const lines = linesForReader('word '.repeat(2000));
    assert.ok(lines.length > 1 && lines.every((line) => Buffer.byteLength(line) < 4096));
    assert.equal(lines.join(' '), 'word '.repeat(2000).trim());
  });
});
