import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import {
  detectRolloutGrammar,
  parseRolloutLine,
  type RolloutGrammar,
} from '../../../src/core/codex/parseRolloutLine.ts';
import type { RolloutLine } from '../../../src/core/codex/rolloutLines.ts';

function line(content: string | Buffer, byteOffset = 0): RolloutLine {
  const bytes = Buffer.from(content);
  return { bytes, byteOffset, endOffset: byteOffset + bytes.length + 1 };
}

function parse(content: string | Buffer, grammar?: RolloutGrammar, byteOffset?: number) {
  const { byteOffset: from, endOffset: to, ...rest } = parseRolloutLine(line(content, byteOffset), grammar);
  assert.ok(to > from || content.length === 0);
  return rest;
}

const skip = (reason: string) => ({ kind: 'skip', reason });

describe('a rollout line', () => {
  it('becomes a record with its place in the file', () => {
    const content =
      '{"timestamp":"2026-01-02T03:05:00.000Z","type":"event_msg","payload":{"type":"task_started","n":1}}';
    assert.deepEqual(parseRolloutLine(line(content, 40)), {
      kind: 'record',
      timestamp: '2026-01-02T03:05:00.000Z',
      type: 'event_msg',
      subtype: 'task_started',
      payload: { type: 'task_started', n: 1 },
      byteOffset: 40,
      endOffset: 41 + content.length,
    });
  });

  it('is skipped for a closed reason when it is no record', () => {
    assert.deepEqual(parse('{broken'), skip('not_json'));
    assert.deepEqual(parse(''), skip('not_json'));
    assert.deepEqual(parse('   '), skip('not_json'));
    assert.deepEqual(parse('[1,2]'), skip('not_object'));
    assert.deepEqual(parse('"text"'), skip('not_object'));
    assert.deepEqual(parse('42'), skip('not_object'));
    assert.deepEqual(parse('null'), skip('not_object'));
    assert.deepEqual(parse('{"type": 7}'), skip('no_type'));
    assert.deepEqual(parse('{"payload": {}}'), skip('no_type'));
    assert.deepEqual(parse(Buffer.from([0x7b, 0xff, 0x7d])), skip('not_utf8'));
    assert.deepEqual(parseRolloutLine({ bytes: null, byteOffset: 5, endOffset: 90 }), {
      kind: 'skip',
      reason: 'oversized',
      byteOffset: 5,
      endOffset: 90,
    });
  });

  it('keeps odd payloads as far as they make sense', () => {
    const odd = (content: string) => {
      const parsed = parseRolloutLine(line(content));
      assert.equal(parsed.kind, 'record');
      return parsed.kind === 'record' ? [parsed.subtype, parsed.payload] : [];
    };
    assert.deepEqual(odd('{"type":"event_msg","payload":{"type":5}}'), [null, { type: 5 }]);
    assert.deepEqual(odd('{"type":"event_msg","payload":"none"}'), [null, {}]);
    assert.deepEqual(odd('{"type":"event_msg","payload":[1]}'), [null, {}]);
    assert.deepEqual(odd('{"type":"event_msg"}'), [null, {}]);
    assert.deepEqual(odd('{"type":"mystery","payload":{"type":"task_started","kept":true}}'), [
      null,
      { type: 'task_started', kept: true },
    ]);
  });

  it('OD-5: NaN or Infinity skips the line instead of poisoning the ledger', () => {
    for (const poison of ['NaN', 'Infinity', '-Infinity']) {
      assert.deepEqual(
        parse(`{"type":"event_msg","payload":{"type":"task_complete","x":${poison}}}`),
        skip('not_json'),
      );
    }
  });

  it('OD-5: nesting that SQLite refuses skips the line', () => {
    const nested = (levels: number) => `{"type":"x","payload":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}}`;
    assert.equal(parse(nested(990)).kind, 'record');
    assert.deepEqual(parse(nested(1001)), skip('too_deep'));
    assert.deepEqual(
      parse(`{"type":"x","payload":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`),
      skip('too_deep'),
    );
  });

  it('OD-6: a timestamp that is no text counts as missing', () => {
    for (const odd of ['12345', 'null', '""', '{}', 'true']) {
      const parsed = parse(`{"timestamp":${odd},"type":"event_msg","payload":{"type":"task_complete"}}`);
      assert.ok('timestamp' in parsed);
      assert.equal(parsed.timestamp, null);
    }
  });

  it('tolerates CRLF, and a byte order mark at the start of the file only', () => {
    const content = '{"type":"session_meta","payload":{"id":"a"}}';
    assert.equal(parse(`${content}\r`).kind, 'record');
    assert.equal(parse(`\ufeff${content}`).kind, 'record');
    assert.deepEqual(parse(`\ufeff${content}`, 'envelope', 10), skip('not_json'));
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom<RolloutGrammar>('envelope', 'flat'),
        (bytes, grammar) => {
          parseRolloutLine(line(Buffer.from(bytes)), grammar);
          detectRolloutGrammar(line(Buffer.from(bytes)));
        },
      ),
    );
    fc.assert(
      fc.property(fc.json(), (content) => {
        assert.notEqual(parseRolloutLine(line(content)).kind, undefined);
      }),
    );
  });
});

describe('the flat grammar before 0.36', () => {
  const head = '{"id":"14e4","timestamp":"2026-11-22T09:25:58.890Z","instructions":null,"git":{"branch":"main"}}';
  const message = '{"type":"message","id":null,"role":"user","content":[{"type":"input_text","text":"Say hello"}]}';

  it('is recognised by the head of the file, and by nothing else', () => {
    assert.equal(detectRolloutGrammar(line(head)), 'flat');
    for (const other of [
      message,
      '{"record_type":"state"}',
      '{"type":"session_meta","payload":{"id":"x"}}',
      '{broken',
      '[]',
      '{}',
    ]) {
      assert.equal(detectRolloutGrammar(line(other)), 'envelope', other);
    }
  });

  it('turns items and fillers into records that keep the whole line as payload', () => {
    assert.deepEqual(parse(head, 'flat'), {
      kind: 'record',
      timestamp: '2026-11-22T09:25:58.890Z',
      type: 'session_meta',
      subtype: null,
      payload: JSON.parse(head),
    });
    assert.deepEqual(parse(message, 'flat'), {
      kind: 'record',
      timestamp: null,
      type: 'response_item',
      subtype: null,
      payload: JSON.parse(message),
    });
    assert.deepEqual(parse('{"record_type":"state"}', 'flat'), {
      kind: 'record',
      timestamp: null,
      type: 'record_state',
      subtype: null,
      payload: { record_type: 'state' },
    });
  });

  it('leaves lines without a type skipped in newer files', () => {
    assert.deepEqual(parse(head), skip('no_type'));
    assert.deepEqual(parse('{"record_type":"state"}'), skip('no_type'));
    assert.deepEqual(parse('{"anything":1}', 'flat'), skip('no_type'));
  });

  it('reads enveloped lines that a newer Codex appended', () => {
    assert.deepEqual(parse('{"timestamp":"t","type":"event_msg","payload":{"type":"task_started"}}', 'flat'), {
      kind: 'record',
      timestamp: 't',
      type: 'event_msg',
      subtype: 'task_started',
      payload: { type: 'task_started' },
    });
  });
});
