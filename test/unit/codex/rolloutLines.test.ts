import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { createRolloutLineSplitter, type RolloutLine } from '../../../src/core/codex/rolloutLines.ts';

function split(chunks: Uint8Array[], options: { startOffset?: number; maxLineBytes?: number } = {}) {
  const splitter = createRolloutLineSplitter(options);
  // A reader with one buffer overwrites it: copies are taken at once, as an ingester would parse at once.
  const lines = chunks.flatMap((chunk) => splitter.push(chunk).map(copy));
  return { lines, unfinished: splitter.unfinishedBytes };
}

function copy(line: RolloutLine): RolloutLine {
  return { ...line, bytes: line.bytes === null ? null : Buffer.from(line.bytes) };
}

const text = ({ bytes }: RolloutLine) => bytes?.toString('utf8') ?? null;

describe('rollout lines', () => {
  it('yields complete lines with absolute offsets and keeps the unfinished one', () => {
    const { lines, unfinished } = split([Buffer.from('ab\n\ncd\r\nrest')], { startOffset: 100 });
    assert.deepEqual(
      lines.map((line) => [text(line), line.byteOffset, line.endOffset]),
      [
        ['ab', 100, 103],
        ['', 103, 104],
        ['cd\r', 104, 108],
      ],
    );
    assert.equal(unfinished, 4);
  });

  it('does not lose the held part of a line when the reader uses its buffer again', () => {
    const splitter = createRolloutLineSplitter();
    const buffer = Buffer.from('{"a":');
    assert.deepEqual(splitter.push(buffer), []);
    buffer.fill(0x78);
    const [line] = splitter.push(Buffer.from('1}\n'));
    assert.equal(line?.bytes?.toString(), '{"a":1}');
  });

  it('passes over a line that is too long without keeping it', () => {
    const long = Buffer.alloc(64 * 1024, 0x61);
    const splitter = createRolloutLineSplitter({ maxLineBytes: 1024 * 1024 });
    const before = process.memoryUsage().arrayBuffers;
    for (let sent = 0; sent < 256; sent += 1) assert.deepEqual(splitter.push(long), []);
    assert.equal(splitter.unfinishedBytes, 16 * 1024 * 1024);
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024, 'the long line is being held');
    const lines = splitter.push(Buffer.from('\nnext\n'));
    assert.deepEqual(
      lines.map((line) => [text(line), line.byteOffset, line.endOffset]),
      [
        [null, 0, 16 * 1024 * 1024 + 1],
        ['next', 16 * 1024 * 1024 + 1, 16 * 1024 * 1024 + 6],
      ],
    );
  });

  it('keeps a line of exactly the limit and drops one byte more, wherever it was cut', () => {
    for (const cut of [0, 1, 4, 5]) {
      const bytes = Buffer.from('12345\n123456\n');
      const { lines } = split([bytes.subarray(0, cut), bytes.subarray(cut)], { maxLineBytes: 5 });
      assert.deepEqual(lines.map(text), ['12345', null]);
    }
  });

  it('gives the same lines however the bytes were cut', () => {
    const content = fc.array(fc.oneof(fc.constantFrom(10, 13, 0xef, 0xff, 0x7b), fc.nat(255)), { maxLength: 400 });
    fc.assert(
      fc.property(
        content,
        fc.array(fc.nat(400)),
        fc.nat(1000),
        fc.integer({ min: 1, max: 60 }),
        (numbers, cuts, startOffset, maxLineBytes) => {
          const bytes = Buffer.from(numbers);
          const borders = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
          const chunks = borders.slice(1).map((to, index) => bytes.subarray(borders[index], to));
          const options = { startOffset, maxLineBytes };
          assert.deepEqual(split(chunks, options), split([bytes], options));
        },
      ),
    );
  });

  it('covers every byte exactly once', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(50), (bytes, startOffset) => {
        const { lines, unfinished } = split([bytes], { startOffset });
        let next = startOffset;
        for (const line of lines) {
          assert.equal(line.byteOffset, next);
          assert.equal(line.endOffset, next + (line.bytes?.length ?? 0) + 1);
          next = line.endOffset;
        }
        assert.equal(next + unfinished, startOffset + bytes.length);
      }),
    );
  });
});
