import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import {
  assert as check,
  array,
  asyncProperty,
  constant,
  constantFrom,
  integer,
  oneof,
  property,
  tuple,
  uint8Array,
} from 'fast-check';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { listCriteria } from '../../../src/core/ledger/criterionStore.ts';
import { openSqlite } from '../../../src/core/ledger/sqliteDriver.ts';
import { requireTask } from '../../../src/core/ledger/taskStore.ts';
import { decodePicture, encodePicture } from '../../../src/core/loops/picture.ts';
import { comparePictures } from '../../../src/core/loops/visualDiff.ts';
import { parseInput } from '../../../src/core/operations/argument.ts';
import { loopEvidence } from '../../../src/core/operations/loopEvidence.ts';
import { loopTemplatesVerb } from '../../../src/core/operations/loopTemplates.ts';
import { supervised, type Supervised } from '../supervise/support.ts';
import { chunk, pngFile, pngSignature, row } from './pngFile.ts';

const decode = (file: Buffer) => decodePicture('shot.png', file);
const good = pngFile({ size: [2, 1], rows: row(1, 2, 3, 255, 4, 5, 6, 255) });

function refusal(file: Buffer): string {
  try {
    decode(file);
  } catch (error) {
    assert.ok(ConveyorError.is(error, 'file_unreadable'), String(error));
    assert.match(error.message, /^shot\.png: [^\n]+$/);
    return error.message;
  }
  return assert.fail('expected a refusal');
}

describe('pictures', () => {
  it('LQ-5: palettes, greys and pictures without transparency are read as what they show', () => {
    const black = [0, 0, 0, 255, 255, 255, 255, 255];
    const rgb = pngFile({ size: [2, 1], colour: 2, rows: row(0, 0, 0, 255, 255, 255) });
    const grey = pngFile({ size: [2, 1], colour: 0, rows: row(0, 255) });
    const bits = pngFile({ size: [2, 1], depth: 1, colour: 0, rows: row(0b0100_0000) });
    const palette = [chunk('PLTE', Buffer.from([0, 0, 0, 255, 255, 255]))];
    const indexed = pngFile({ size: [2, 1], colour: 3, rows: row(0, 1), between: palette });
    for (const file of [rgb, grey, bits, indexed]) assert.deepEqual([...decode(file).pixels], black);
  });

  it('LQ-5: a damaged picture is refused in one line that says what is wrong', () => {
    const flipped = Buffer.from(good);
    flipped[45] = (flipped[45] ?? 0) ^ 0xff;
    const header = good.subarray(8, 33);
    const withData = (body: Buffer) => Buffer.concat([pngSignature, header, chunk('IDAT', body), chunk('IEND')]);
    const cases: readonly (readonly [Buffer, RegExp])[] = [
      [Buffer.from('GIF89a'), /is not a PNG/],
      [Buffer.alloc(0), /is not a PNG/],
      [good.subarray(0, 12), /truncated chunk header/],
      [good.subarray(0, 20), /truncated IHDR chunk/],
      [good.subarray(0, -12), /ends before its IEND/],
      [flipped, /checksum of its IDAT chunk is wrong/],
      [Buffer.concat([pngSignature, chunk('IEND')]), /missing IHDR/],
      [Buffer.concat([pngSignature, chunk('IHDR', Buffer.alloc(4)), chunk('IEND')]), /IHDR has the wrong length/],
      [withData(Buffer.from('no zlib at all')), /invalid PNG compression/],
      [withData(Buffer.alloc(0)), /invalid PNG compression/],
      [pngFile({ size: [2, 1], rows: row(1, 2, 3) }), /invalid PNG scanline length/],
      [pngFile({ size: [2, 1], rows: Buffer.alloc(10) }), /invalid PNG scanline length/],
      [pngFile({ size: [2, 1], rows: Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 0]) }), /unsupported PNG filter type 9/],
      [pngFile({ size: [0, 1], rows: row() }), /must be positive/],
      [pngFile({ size: [1, 1], depth: 16, rows: Buffer.alloc(9) }), /supports non-interlaced 8-bit RGB\/RGBA PNG/],
      [pngFile({ size: [1, 1], interlace: 1, rows: Buffer.alloc(5) }), /supports non-interlaced/],
      [pngFile({ size: [1, 1], depth: 4, colour: 2, rows: row(1, 2) }), /supports non-interlaced/],
      [pngFile({ size: [1, 1], colour: 5, rows: Buffer.alloc(5) }), /supports non-interlaced/],
      [pngFile({ size: [1, 1], colour: 3, rows: row(0) }), /is no PNG that can be decoded/],
    ];
    for (const [file, words] of cases) assert.match(refusal(file), words);
  });

  it('LQ-4: a picture that is too large, or inflates to more than it announces, is refused before it takes memory', () => {
    assert.match(refusal(pngFile({ size: [100_000, 100_000], rows: row() })), /100000x100000 is too large/);
    const bomb = Buffer.concat([
      good.subarray(0, 33),
      chunk('IDAT', deflateSync(Buffer.alloc(64_000_000))),
      chunk('IEND'),
    ]);
    const before = process.memoryUsage().arrayBuffers;
    assert.match(refusal(bomb), /invalid PNG scanline length/);
    assert.ok(process.memoryUsage().arrayBuffers - before < 32_000_000);
  });

  it('LQ-4: a file of nothing but tiny chunks is refused before each of them takes memory', () => {
    const tiny = chunk('IDAT');
    const many = Buffer.alloc(tiny.length * 100_001, tiny);
    assert.match(refusal(Buffer.concat([good.subarray(0, 33), many, chunk('IEND')])), /more than 100000 chunks/);
  });

  it('whatever is done to a file, it is read, or refused with a closed code', () => {
    const edit = tuple(integer({ min: 0, max: good.length - 1 }), integer({ min: 0, max: 255 }));
    check(
      property(array(edit, { maxLength: 4 }), integer({ min: 0, max: good.length }), (edits, end) => {
        const file = Buffer.from(good);
        for (const [at, value] of edits) file[at] = value;
        outcome(file.subarray(0, end));
      }),
    );
    const depth = constantFrom(1, 2, 4, 8, 16, 3);
    const colour = constantFrom(0, 2, 3, 4, 6, 7);
    const palette = [chunk('PLTE', Buffer.from([1, 2, 3])), chunk('tRNS', Buffer.from([7, 7, 7]))];
    const shapes = tuple(depth, colour, uint8Array({ maxLength: 40 }), integer({ min: 0, max: 2 }));
    check(
      property(shapes, ([bits, kind, rows, chunks]) => {
        const between = palette.slice(0, chunks);
        outcome(pngFile({ size: [2, 2], depth: bits, colour: kind, rows: Buffer.from(rows), between }));
      }),
    );
  });

  it('what is drawn is read again as it was, and equals itself only', () => {
    const pixels = uint8Array({ minLength: 24, maxLength: 24 });
    check(
      property(pixels, integer({ min: 0, max: 23 }), (bytes, at) => {
        const picture = decode(encodePicture(3, 2, bytes));
        assert.deepEqual([...picture.pixels], [...bytes]);
        assert.equal(comparePictures(picture, picture).diff_score, 0);
        const other = Uint8Array.from(bytes);
        other[at] = (other[at] ?? 0) ^ 1;
        assert.equal(comparePictures(picture, { ...picture, pixels: other }).changed_pixels, 1);
      }),
    );
  });
});

function outcome(file: Buffer): void {
  try {
    const { width, height, pixels } = decode(file);
    assert.equal(pixels.length, width * height * 4);
  } catch (error) {
    assert.ok(ConveyorError.is(error, 'file_unreadable'), String(error));
  }
}

describe('loop-evidence visual-diff', () => {
  let fixture: Supervised;
  const diff = {
    action: 'visual-diff',
    task: 'alpha',
    loopRun: 'loop',
    iteration: 1,
    reference: 'reference.png',
    candidate: 'candidate.png',
    threshold: 0.5,
    diffOutput: 'out/diff.png',
    reportOutput: 'out/report.json',
  };

  beforeEach(async () => {
    fixture = await supervised();
    await fixture.run(loopTemplatesVerb, { createRun: 'alpha', template: 'visual_diff_loop', name: 'loop' });
    writeFileSync(join(fixture.folder, 'reference.png'), good);
    const candidate = pngFile({ size: [2, 1], rows: row(1, 2, 3, 255, 4, 5, 6, 254) });
    writeFileSync(join(fixture.folder, 'candidate.png'), candidate);
  });

  afterEach(() => fixture.dispose());

  const criteria = () => listCriteria(fixture.context.ledger, requireTask(fixture.context.ledger, 'alpha').id);

  it('writes the report and the drawing, and records both outcomes', async () => {
    const output = await fixture.run(loopEvidence, diff);
    assert.ok('diff' in output);
    assert.equal(output.diff.diff_score, 0.5);
    assert.equal(output.threshold_criterion.status, 'satisfied');
    const out = join(fixture.folder, 'out');
    assert.deepEqual(readdirSync(out).toSorted(), ['diff.png', 'report.json']);
    assert.deepEqual(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')), output.diff);
    const drawn = decodePicture('diff.png', readFileSync(join(out, 'diff.png')));
    assert.deepEqual([...drawn.pixels], [0, 0, 0, 0, 255, 0, 0, 255]);
    assert.match(String(output.evidence.candidate_sha256), /^[0-9a-f]{64}$/);
    await fixture.run(loopEvidence, { ...diff, threshold: 0.4 });
    assert.deepEqual(
      criteria().map(({ status }) => status),
      ['satisfied', 'rejected'],
    );
  });

  it('LQ-3: a shell can ask to be told by the exit status that too much differs', async () => {
    const output = await fixture.run(loopEvidence, { ...diff, threshold: 0.1 });
    const exit = (failAboveThreshold: boolean, shown = output) =>
      loopEvidence.exitStatus?.(shown, parseInput(loopEvidence.inputs, { ...diff, failAboveThreshold }));
    assert.equal(exit(true), 1);
    assert.equal(exit(false), 0);
    assert.equal(exit(true, await fixture.run(loopEvidence, diff)), 0);
  });

  it('LQ-4: pictures are read and compared before the ledger is locked', async () => {
    const other = openSqlite(fixture.context.ledgerFile, { readonly: false, busyMilliseconds: 0 });
    other.exec('BEGIN IMMEDIATE');
    try {
      writeFileSync(join(fixture.folder, 'candidate.png'), 'no picture');
      await fixture.refuses(loopEvidence, diff, 'file_unreadable', /candidate\.png: is not a PNG/);
    } finally {
      other.exec('ROLLBACK');
      other.close();
    }
  });

  it('LQ-4: pictures of two sizes are refused by their headers alone', async () => {
    // Neither is decoded: the rows of both are no rows at all.
    for (const [name, size] of [
      ['reference.png', [6000, 6000]],
      ['candidate.png', [6000, 6001]],
    ] as const) {
      writeFileSync(join(fixture.folder, name), pngFile({ size, rows: row() }));
    }
    const before = process.memoryUsage().arrayBuffers;
    const words = /matching dimensions: reference=6000x6000 candidate=6000x6001/;
    await fixture.refuses(loopEvidence, diff, 'invalid_value', words);
    assert.ok(process.memoryUsage().arrayBuffers - before < 8_000_000);
  });

  it('LQ-4: whatever lies in the file, it ends with evidence or a closed code, in bounded memory', async () => {
    const byte = integer({ min: 0, max: 255 });
    // Header fields are written with a checksum that is right: what lies behind that check is reached too.
    const size = oneof(constantFrom(0, 1, 2, 3, 65_535, 6_400, 0x7fff_ffff, 0xffff_ffff), integer({ min: 0, max: 9 }));
    const shape = tuple(size, size, constantFrom(0, 2, 3, 4, 6, 7), constantFrom(1, 2, 4, 8, 16), constantFrom(0, 1));
    const made = tuple(shape, uint8Array({ maxLength: 60 })).map(([[width, height, colour, depth, interlace], rows]) =>
      pngFile({ size: [width, height], colour, depth, interlace, rows: Buffer.from(rows) }),
    );
    const bomb = size.map((width) => pngFile({ size: [width, width], colour: 6, rows: Buffer.alloc(2_000_000) }));
    const edits = array(tuple(integer({ min: 0, max: 120 }), byte), { maxLength: 3 });
    const files = tuple(oneof(made, bomb, constant(good)), edits, integer({ min: 0, max: 100 }));
    await check(
      asyncProperty(files, constantFrom('reference', 'candidate'), async ([source, changes, share], which) => {
        const file = Buffer.from(source.subarray(0, Math.ceil((source.length * share) / 100)));
        for (const [at, value] of changes) if (at < file.length) file[at] = value;
        writeFileSync(join(fixture.folder, `${which}.png`), file);
        // What one run takes: garbage of the runs before can only make it less.
        const before = process.memoryUsage().arrayBuffers;
        try {
          await fixture.run(loopEvidence, diff);
        } catch (error) {
          assert.ok(ConveyorError.is(error, 'file_unreadable', 'invalid_value'), String(error));
          assert.doesNotMatch(error.message, /\n/);
        } finally {
          writeFileSync(join(fixture.folder, `${which}.png`), good);
        }
        assert.ok(process.memoryUsage().arrayBuffers - before < 32_000_000);
      }),
      { numRuns: 150 },
    );
  });

  it('LQ-5: a refusal leaves no files and no evidence behind', async () => {
    await fixture.refuses(loopEvidence, { ...diff, iteration: 0 }, 'invalid_value', /--iteration must be at least 1/);
    await fixture.refuses(loopEvidence, { ...diff, threshold: 1.01 }, 'invalid_value', /--threshold must be between/);
    await fixture.refuses(loopEvidence, { ...diff, candidate: 'absent.png' }, 'file_unreadable', /absent\.png/);
    const over = { ...diff, diffOutput: 'reference.png' };
    await fixture.refuses(loopEvidence, over, 'invalid_value', /would be overwritten/);
    assert.equal(existsSync(join(fixture.folder, 'out')), false);
    mkdirSync(join(fixture.folder, 'out', 'report.json'), { recursive: true });
    await fixture.refuses(loopEvidence, diff, 'file_unreadable', /cannot write .*report\.json/);
    fixture.context.ledger.script(
      "CREATE TEMP TRIGGER broken BEFORE INSERT ON acceptance_criteria BEGIN SELECT raise(ABORT, 'full'); END",
    );
    await assert.rejects(fixture.run(loopEvidence, { ...diff, reportOutput: 'out/other.json' }));
    assert.deepEqual(readdirSync(join(fixture.folder, 'out')), ['report.json']);
    assert.deepEqual(criteria(), []);
  });
});
