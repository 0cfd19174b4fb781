import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import { ConveyorError, type ErrorCode } from '../../../src/core/domain/errors.ts';
import type { Bookmarks } from '../../../src/core/ingest/bookmarks.ts';
import { ingestSession, type IngestOptions } from '../../../src/core/ingest/ingestSession.ts';
import { defaultLimits } from '../../../src/core/ingest/rolloutBatches.ts';
import { listUnroutedCompletions } from '../../../src/core/ledger/notificationStore.ts';
import { markSessionGone } from '../../../src/core/ledger/sessionStore.ts';
import { bind as bindOperation } from '../../../src/core/operations/bind.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { event, head, line, type SessionFixture, sessionFixture } from '../support/sessionFixture.ts';

for (const keeps of [false, true])
  describe(`ingestSession ${keeps ? 'with bookmarks' : 'anew each time'}`, () => {
    let bookmarks: Bookmarks | undefined;
    let fixture: SessionFixture;

    beforeEach(() => {
      fixture = sessionFixture();
      bookmarks = keeps ? new Map() : undefined;
    });

    afterEach(() => fixture.dispose());

    const ingest = (options?: IngestOptions, name = 'w1') =>
      ingestSession(
        { ledger: fixture.context.ledger, clock: fixture.clock },
        fixture.session(name),
        bookmarks ? { ...options, bookmarks } : options,
      );
    const append = (...lines: string[]) => appendFileSync(fixture.rollout, lines.join(''));
    const stored = (): string[] =>
      fixture
        .rows("SELECT coalesce(subtype, type) AS kind FROM codex_events WHERE session_id LIKE 'session-%' ORDER BY id")
        .map((row) => String(Object.values(row ?? {})[0]));
    const telemetry = () =>
      fixture.rows("SELECT attributes_json AS a FROM telemetry_events WHERE event_type = 'codex_events_ingested'")
        .length;
    const refusal = (code: ErrorCode) => (error: unknown) => ConveyorError.is(error, code);
    const size = () => readFileSync(fixture.rollout).length;

    it('reads each line once, leaves an unfinished one and goes on behind it', async () => {
      append(event('task_started'), '{"type":"event_msg","payload":{"type":"task_');
      assert.deepEqual(await ingest(), { new_events: 2, new_offset: size() - 44, skipped_lines: 0 });
      assert.deepEqual(await ingest(), { new_events: 0, new_offset: size() - 44, skipped_lines: 0 });
      append('complete"}}\n');
      assert.deepEqual(await ingest(), { new_events: 1, new_offset: size(), skipped_lines: 0 });
      assert.deepEqual(stored(), ['session_meta', 'task_started', 'task_complete']);
      assert.equal(fixture.session('w1').last_ingest_offset, size());
    });

    it('reads in batches what is longer than one, and reports it as one ingest', async () => {
      append(...Array.from({ length: 10 }, (_, index) => event('agent_message', { message: `m${index}` })));
      const result = await ingest({ limits: { ...defaultLimits, lines: 4 }, quiet: true });
      assert.equal(result.new_events, 11);
      assert.equal(stored().length, 11);
      assert.equal(telemetry(), 1);
    });

    it('reports a whole number of batches too when it is quiet', async () => {
      append(...Array.from({ length: 7 }, () => event('agent_message')));
      await ingest({ limits: { ...defaultLimits, lines: 4 }, quiet: true });
      assert.equal(telemetry(), 1);
    });

    it('leaves no trace of an empty look when it is quiet, and one row when it is asked for', async () => {
      await ingest();
      await ingest({ quiet: true });
      assert.equal(telemetry(), 1);
      await ingest();
      assert.equal(telemetry(), 2);
    });

    it('reads CRLF, a byte order mark and invalid UTF-8 without losing what follows', async () => {
      writeFileSync(
        fixture.rollout,
        Buffer.concat([
          Buffer.from('\ufeff'),
          Buffer.from(head('thread-w1').replace('\n', '\r\n')),
          Buffer.from([0xff, 0xfe, 0x0a]),
          Buffer.from(event('task_started').replace('\n', '\r\n')),
        ]),
      );
      assert.deepEqual(await ingest(), { new_events: 2, new_offset: size(), skipped_lines: 1 });
    });

    it('passes over a line of 50 MB and reads on behind it', async function () {
      this.timeout(60_000);
      append(event('agent_message', { message: 'x'.repeat(50 * 1024 * 1024) }), event('task_complete'));
      assert.deepEqual(await ingest(), { new_events: 2, new_offset: size(), skipped_lines: 1 });
      assert.deepEqual(stored(), ['session_meta', 'task_complete']);
    });

    it('refuses a session that is gone, one without a rollout, and a file that is not there', async () => {
      rmSync(fixture.rollout);
      await assert.rejects(ingest(), (error) => {
        assert.ok(ConveyorError.is(error, 'rollout_missing'));
        assert.match(error.message, /rollout-w1\.jsonl/);
        return true;
      });
      fixture.context.ledger.run("UPDATE sessions SET codex_session_path = NULL WHERE name = 'w1'");
      await assert.rejects(ingest(), refusal('rollout_missing'));
      markSessionGone(fixture.context.ledger, fixture.session('m1').id, 0);
      await assert.rejects(ingest({}, 'm1'), refusal('session_state'));
    });

    it('refuses a pipe, a device and a folder at once: whoever writes the ledger can name any path', async () => {
      const pipe = `${fixture.rollout}.pipe`;
      execFileSync('mkfifo', [pipe]);
      for (const path of [pipe, '/dev/zero', fixture.folder]) {
        fixture.context.ledger.run("UPDATE sessions SET codex_session_path = ? WHERE name = 'w1'", [path]);
        await assert.rejects(ingest(), (error) => {
          assert.ok(ConveyorError.is(error, 'rollout_missing'));
          assert.match(error.message, /not a regular file/);
          return true;
        });
      }
    });

    it('waits for the first line of a file that is still empty', async () => {
      writeFileSync(fixture.rollout, '{"type":"session_m');
      assert.deepEqual(await ingest(), { new_events: 0, new_offset: 0, skipped_lines: 0 });
      writeFileSync(fixture.rollout, head('thread-w1'));
      assert.equal((await ingest()).new_events, 1);
    });

    it('goes on in the decompressed stream when Codex compresses the file', async () => {
      append(event('task_started'));
      await ingest();
      append(event('task_complete'));
      const whole = readFileSync(fixture.rollout);
      writeFileSync(`${fixture.rollout}.zst`, zstdCompressSync(whole));
      rmSync(fixture.rollout);
      assert.deepEqual(await ingest(), { new_events: 1, new_offset: whole.length, skipped_lines: 0 });
      assert.deepEqual(await ingest(), { new_events: 0, new_offset: whole.length, skipped_lines: 0 });
      assert.deepEqual(stored(), ['session_meta', 'task_started', 'task_complete']);
    });

    describe('exactly once', () => {
      it('OD-1: readers at the same time store each line once', async () => {
        append(...Array.from({ length: 50 }, (_, index) => event('agent_message', { message: `m${index}` })));
        const options = { limits: { ...defaultLimits, lines: 3 } };
        const results = await Promise.all([ingest(options), ingest(options), ingest(options)]);
        assert.equal(
          results.reduce((sum, { new_events }) => sum + new_events, 0),
          51,
        );
        assert.equal(stored().length, 51);
        assert.ok(results.every(({ new_offset }) => new_offset === size()));
      });

      it('OD-2: registering the same rollout again reads nothing twice', async () => {
        append(event('task_complete'));
        await ingest();
        fixture.register('w1', 'worker', fixture.rollout);
        append(event('task_started'));
        assert.equal((await ingest()).new_events, 1);
        assert.deepEqual(stored(), ['session_meta', 'task_complete', 'task_started']);
      });

      it('CP-9: a registration by the reference, which forgets the offset, makes no duplicates', async () => {
        append(event('task_complete'));
        await ingest();
        fixture.context.ledger.run('UPDATE sessions SET last_ingest_offset = NULL');
        assert.deepEqual(await ingest(), { new_events: 0, new_offset: size(), skipped_lines: 0 });
        assert.equal(fixture.session('w1').last_ingest_offset, size());
        assert.equal(stored().length, 2);
      });

      it('goes back to a rollout that the session had before', async () => {
        const other = `${fixture.rollout}.other.jsonl`;
        writeFileSync(other, head('thread-other'));
        append(event('task_started'));
        await ingest();
        fixture.register('w1', 'worker', other, 'thread-other');
        assert.equal((await ingest()).new_events, 1);
        fixture.register('w1', 'worker', fixture.rollout);
        append(event('task_complete'));
        assert.equal((await ingest()).new_events, 1);
        assert.deepEqual(stored(), ['session_meta', 'task_started', 'session_meta', 'task_complete']);
      });
    });

    describe('what the reference has read', () => {
      /** Rows as the reference leaves them: no table of ours knows the file. */
      const readByReference = (times: number, offset: number | null) => {
        const { ledger } = fixture.context;
        const { id } = fixture.session('w1');
        for (let round = 0; round < times; round += 1) {
          let offsetOfLine = 0;
          for (const text of readFileSync(fixture.rollout, 'utf8').split('\n').slice(0, -1)) {
            const { type, payload, timestamp } = JSON.parse(text);
            ledger.run(
              'INSERT INTO codex_events (session_id, timestamp, type, subtype, payload_json, byte_offset, ingested_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
              [
                id,
                timestamp,
                type,
                type === 'event_msg' ? payload.type : null,
                JSON.stringify(payload),
                offsetOfLine,
                timestamp,
              ],
            );
            offsetOfLine += Buffer.byteLength(text) + 1;
          }
        }
        ledger.run('UPDATE sessions SET last_ingest_offset = ? WHERE id = ?', [offset, id]);
      };

      it('is not read again: reading goes on at its offset', async () => {
        append(event('task_started'));
        readByReference(1, size());
        append(event('task_complete'));
        assert.equal((await ingest()).new_events, 1);
        assert.deepEqual(stored(), ['session_meta', 'task_started', 'task_complete']);
      });

      it('CP-9: is recognised by its events when a registration erased the offset', async () => {
        append(event('task_started'), event('agent_message'));
        readByReference(1, null);
        assert.deepEqual(await ingest(), { new_events: 0, new_offset: size(), skipped_lines: 0 });
        append(event('task_complete'));
        assert.equal((await ingest()).new_events, 1);
        assert.deepEqual(stored(), ['session_meta', 'task_started', 'agent_message', 'task_complete']);
      });

      it('OD-2: a ledger in which one rollout was ingested twice opens and goes on', async () => {
        append(event('task_complete', { turn_id: 't1' }));
        readByReference(2, size());
        append(event('task_started', { turn_id: 't2' }));
        assert.equal((await ingest()).new_events, 1);
        assert.equal(stored().length, 5);
        readByReference(0, null);
        assert.equal((await ingest()).new_events, 0);
      });

      it('while we know the file is skipped by us', async () => {
        await ingest();
        const before = size();
        append(event('task_started'));
        const { id } = fixture.session('w1');
        fixture.context.ledger.run(
          "INSERT INTO codex_events (session_id, timestamp, type, subtype, payload_json, byte_offset, ingested_at) VALUES (?, '2026', 'event_msg', 'task_started', '{}', ?, '2026')",
          [id, before],
        );
        fixture.context.ledger.run('UPDATE sessions SET last_ingest_offset = ? WHERE id = ?', [size(), id]);
        append(event('task_complete'));
        assert.equal((await ingest()).new_events, 1);
        assert.deepEqual(stored(), ['session_meta', 'task_started', 'task_complete']);
      });

      it('is told from another file at the same path', async () => {
        append(event('task_started'));
        readByReference(1, size());
        writeFileSync(fixture.rollout, head('thread-new') + event('task_complete').repeat(9));
        assert.equal((await ingest()).new_events, 10);
      });
    });

    describe('a file that is not what it was', () => {
      it('OD-3: another file at the same path is read from its start, even if it is longer', async () => {
        append(event('task_started'));
        await ingest();
        writeFileSync(fixture.rollout, head('thread-new') + event('task_complete').repeat(20));
        assert.equal((await ingest()).new_events, 21);
        assert.equal(fixture.session('w1').last_ingest_offset, size());
      });

      it('OD-3: so is a file that was rewritten behind the same first line', async () => {
        append(event('user_message', { message: 'hello' }), event('task_complete'));
        await ingest();
        const copy = `${fixture.rollout}.new`;
        writeFileSync(copy, head('thread-w1') + event('item_completed', { item: { type: 'UserMessage' } }).repeat(9));
        renameSync(copy, fixture.rollout);
        assert.equal((await ingest()).new_events, 10);
        assert.equal((await ingest()).new_events, 0);
      });

      it('a copy with the same bytes under a new inode goes on', async () => {
        append(event('task_started'));
        await ingest();
        copyFileSync(fixture.rollout, `${fixture.rollout}.new`);
        renameSync(`${fixture.rollout}.new`, fixture.rollout);
        append(event('task_complete'));
        assert.equal((await ingest()).new_events, 1);
      });

      it('OD-3: a file that shrank is refused with both numbers, and read anew once it is registered again', async () => {
        append(event('task_started'), event('task_complete'));
        await ingest();
        const before = size();
        const short = Buffer.byteLength(head('thread-w1'));
        truncateSync(fixture.rollout, short);
        await assert.rejects(ingest(), (error) => {
          assert.ok(ConveyorError.is(error, 'rollout_shrank'));
          assert.match(error.message, new RegExp(`rollout file shrank.*${short}.*${before}`));
          return true;
        });
        truncateSync(fixture.rollout, 20);
        await assert.rejects(ingest(), refusal('rollout_shrank'));
        writeFileSync(fixture.rollout, head('thread-w1'));
        await assert.rejects(ingest(), refusal('rollout_shrank'));
        fixture.register('w1', 'worker', fixture.rollout);
        assert.deepEqual(await ingest(), { new_events: 1, new_offset: short, skipped_lines: 0 });
      });
    });

    describe('lines that are older than the binding', () => {
      const bind = async () => {
        await runOperation(tasks, fixture.context, { create: 'alpha', goal: 'Ship it' });
        await runOperation(bindOperation, fixture.context, { task: 'alpha', worker: 'w1', manager: 'm1' });
      };
      const routable = () => listUnroutedCompletions(fixture.context.ledger, 100).map(({ payload }) => payload.turn_id);

      it('OD-8: are not told of the new task, although nobody had read them when it was bound', async () => {
        append(event('task_complete', { turn_id: 'old-1' }), event('task_complete', { turn_id: 'old-2' }));
        await bind();
        append(event('task_complete', { turn_id: 'new' }));
        await ingest({ limits: { ...defaultLimits, lines: 2 } });
        assert.equal(stored().length, 4);
        assert.deepEqual(routable(), ['new']);
      });

      it('are what the file held, not what another file at its path holds', async () => {
        append(event('task_complete', { turn_id: 'old' }).repeat(20));
        await bind();
        writeFileSync(fixture.rollout, head('thread-new') + event('task_complete', { turn_id: 'new' }));
        await ingest();
        assert.deepEqual(routable(), ['new']);
      });

      it('end where the binding began, when everything had been read by then', async () => {
        append(event('task_complete', { turn_id: 'old' }));
        await ingest();
        await bind();
        append(event('task_complete', { turn_id: 'new' }));
        await ingest();
        assert.deepEqual(routable(), ['new']);
      });
    });

    describe('lines that are no records', () => {
      it('OD-4: junk at the end is counted once, and never again', async () => {
        append('junk\n', '{"type": 7}\n', '\n');
        assert.deepEqual(await ingest(), { new_events: 1, new_offset: size(), skipped_lines: 3 });
        assert.deepEqual(await ingest(), { new_events: 0, new_offset: size(), skipped_lines: 0 });
        append('more junk\n');
        assert.deepEqual(await ingest(), { new_events: 0, new_offset: size(), skipped_lines: 1 });
        append(event('task_started'));
        assert.deepEqual(await ingest(), { new_events: 1, new_offset: size(), skipped_lines: 0 });
      });

      it('OD-5: a NaN is skipped and what follows is read', async () => {
        append('{"type":"event_msg","payload":{"type":"token_count","used":NaN}}\n', event('task_complete'));
        assert.deepEqual(await ingest(), { new_events: 2, new_offset: size(), skipped_lines: 1 });
      });

      it('OD-6: a time that nobody can read becomes the time of reading', async () => {
        append(event('task_complete', {}, 'around noon'), event('task_started', {}, 12345), line('mystery', {}, null));
        await ingest();
        const times = fixture
          .rows('SELECT timestamp FROM codex_events ORDER BY id')
          .map((row) => Object.values(row ?? {})[0]);
        assert.deepEqual(times, [
          '2026-01-02T03:04:05.000Z',
          ...Array.from({ length: 3 }, () => '2026-01-02T03:04:05Z'),
        ]);
      });
    });
  });
