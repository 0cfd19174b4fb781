import assert from 'node:assert/strict';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { recordTelemetry } from '../../../src/core/ledger/telemetryStore.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { telemetry } from '../../../src/core/operations/telemetry.ts';
import { parseWindow } from '../../../src/core/record/telemetryWindow.ts';
import { boundContext } from './support.ts';
import type { TemporaryContext } from '../support/temporaryContext.ts';
import type { TelemetryRecord } from '../../../src/core/ledger/telemetryQueryStore.ts';
import type { Task } from '../../../src/core/ledger/taskStore.ts';

describe('telemetry', () => {
  let fixture: TemporaryContext & { readonly task: Task };

  beforeEach(async () => {
    fixture = await boundContext();
  });
  afterEach(() => fixture.dispose());

  const write = (summary: string, attributes: object = {}) => {
    const { context, task, clock } = fixture;
    const event = { type: 'thing_happened', summary, taskId: task.id, correlation: {}, attributes };
    context.ledger.write(() => recordTelemetry(context.ledger, event, clock.now()));
  };
  const ask = async (input: Record<string, unknown>): Promise<TelemetryRecord[]> => {
    const output = await runOperation(telemetry, fixture.context, input);
    assert.ok(Array.isArray(output));
    return output;
  };

  it('keeps the order in which events of one second were written, and turns it round', async () => {
    for (const word of ['one', 'two', 'three']) write(word);
    const words = (records: TelemetryRecord[]) => records.map(({ summary }) => summary);
    assert.deepEqual(words(await ask({ eventType: 'thing_happened' })), ['one', 'two', 'three']);
    assert.deepEqual(words(await ask({ eventType: 'thing_happened', newest: true, limit: 2 })), ['three', 'two']);
  });

  it('finds words in attributes, whatever signs are in the search, and beyond ASCII', async () => {
    write('plain', { note: 'a naïve "zebra" AND friends' });
    for (const search of ['zebra', 'NAÏVE'.toLowerCase(), '"zebra', 'AND friends', 'thing_happened']) {
      assert.equal((await ask({ search })).length, 1, search);
    }
    for (const search of ['zebra OR lion', '( *', 'zeb']) assert.equal((await ask({ search })).length, 0, search);
  });

  it('AT-1: a search without a word is refused in one line', async () => {
    await assert.rejects(ask({ search: '  ' }), (error) => ConveyorError.is(error, 'invalid_value'));
  });

  it('AT-1: a window longer than time is refused in one line', () => {
    for (const text of ['99999999w', '0h', 'soon', '-1h', '5', '']) {
      assert.throws(
        () => parseWindow(text, 0),
        (error) => ConveyorError.is(error, 'invalid_value') && error.message.includes('--window'),
        text,
      );
    }
    assert.equal(parseWindow(' 2H ', Date.UTC(2026, 0, 2)).start, '2026-01-01T22:00:00Z');
  });

  it('AT-8: a summary counts everything, not one page of it', async () => {
    fixture.context.ledger.write(() => {
      for (let count = 0; count < 250; count += 1) write('again');
    });
    const summary = await runOperation(telemetry, fixture.context, { summary: true, eventType: 'thing_happened' });
    assert.deepEqual(telemetry.output().parse(summary), summary);
    assert.ok(summary !== null && typeof summary === 'object' && 'total' in summary);
    assert.equal(summary.total, 250);
  });

  it('a summary begins where its list would', async () => {
    const { context, clock } = fixture;
    write('old');
    clock.advance(60_000);
    write('new');
    const ends = async (newest: boolean) => {
      const input = { summary: true, eventType: 'thing_happened', newest };
      const summary = await runOperation(telemetry, context, input);
      assert.ok(summary !== null && typeof summary === 'object' && 'first_timestamp' in summary);
      assert.ok('last_timestamp' in summary);
      return [summary.first_timestamp, summary.last_timestamp];
    };
    const listed = (await ask({ eventType: 'thing_happened' })).map(({ timestamp }) => timestamp);
    assert.equal(new Set(listed).size, 2);
    assert.deepEqual(await ends(false), listed);
    assert.deepEqual(await ends(true), listed.toReversed());
  });

  it('AT-2: shows what was said only when it is asked for', async () => {
    write('said', { message: 'the secret', state: 'busy', nested: { output: 'line\nline' } });
    const [hidden] = await ask({ eventType: 'thing_happened' });
    assert.deepEqual(hidden?.attributes, {
      message_redacted: true,
      message_byte_count: 10,
      message_line_count: 1,
      state: 'busy',
      nested: { output_redacted: true, output_byte_count: 9, output_line_count: 2 },
    });
    const [open] = await ask({ eventType: 'thing_happened', includeContent: true });
    assert.equal(open?.attributes.message, 'the secret');
  });

  it('refuses tasks and runs that do not exist', async () => {
    await assert.rejects(ask({ task: 'ghost' }), (error) => ConveyorError.is(error, 'unknown_task'));
    await assert.rejects(ask({ run: 'ghost' }), (error) => ConveyorError.is(error, 'unknown_run'));
  });
});
