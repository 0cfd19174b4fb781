import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { ingestSession } from '../../../src/core/ingest/ingestSession.ts';
import { locateCursor } from '../../../src/core/ingest/rolloutCursor.ts';
import { openRollout } from '../../../src/core/ingest/rolloutSource.ts';
import { requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { event, type SessionFixture, sessionFixture } from '../support/sessionFixture.ts';

const script = new URL('../support/ingestProcess.ts', import.meta.url).pathname;

describe('ingest by several processes', () => {
  let fixture: SessionFixture;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    fixture = sessionFixture();
  });

  afterEach(() => {
    for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
    fixture.dispose();
  });

  const start = async (lines: number): Promise<ChildProcess> => {
    const argv = [script, fixture.context.ledgerFile, 'w1', String(lines)];
    const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    assert.ok(child.stdout);
    await once(child.stdout, 'data');
    return child;
  };
  const end = async (child: ChildProcess): Promise<void> => {
    child.stdin?.end();
    // It may have ended by itself, which is an error as well.
    if (child.exitCode === null) await once(child, 'exit');
    assert.equal(child.exitCode, 0);
  };
  const assertWhole = (count: number) => {
    const rows = fixture.rows('SELECT count(*) AS n, count(DISTINCT byte_offset) AS offsets FROM codex_events');
    assert.deepEqual(rows, [{ n: count, offsets: count }]);
  };

  it('OD-1: stores each line once while the file grows and processes race', async function () {
    this.timeout(60_000);
    const readers = await Promise.all([start(7), start(50), start(5000)]);
    let written = 1;
    for (let round = 0; round < 150; round += 1) {
      const lines = Array.from({ length: 1 + (round % 30) }, () =>
        event('agent_message', { message: `m${(written += 1)}` }),
      );
      const text = lines.join('');
      // Torn in the middle of a line.
      appendFileSync(fixture.rollout, text.slice(0, text.length - 9));
      if (round % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      appendFileSync(fixture.rollout, text.slice(text.length - 9));
    }
    await Promise.all(readers.map(end));
    assertWhole(written);
  });

  it('OD-1: takes no growth for a loss: another process may have read more than was there when the file was opened', async () => {
    const { ledger, clock } = fixture.context;
    const session = requireSession(ledger, 'w1');
    const source = await openRollout(fixture.rollout);
    appendFileSync(fixture.rollout, event('agent_message', { message: 'written since' }));
    const { new_offset: offset } = await ingestSession({ ledger, clock }, session, { quiet: true });
    const cursor = await locateCursor(ledger, session, source);
    source.close();
    assert.equal(cursor?.offset, offset);
  });

  it('OD-1: goes on after a reader was killed between two batches', async function () {
    this.timeout(60_000);
    const count = 3000;
    appendFileSync(
      fixture.rollout,
      Array.from({ length: count }, (_, index) => event('agent_message', { message: `m${index}` })).join(''),
    );
    for (let round = 0; round < 3; round += 1) {
      const reader = await start(3);
      await new Promise((resolve) => setTimeout(resolve, 15));
      reader.kill('SIGKILL');
      await once(reader, 'exit');
    }
    await end(await start(500));
    assertWhole(count + 1);
  });
});

describe('ingest of any sequence of writes', () => {
  const text = fc.oneof(
    fc.constantFrom('task_started', 'task_complete', 'agent_message').map((subtype) => event(subtype)),
    fc.constantFrom('junk\n', '\n', '{"type":1}\n', '{"type":"event_msg","payload":{"a":NaN}}\n', '[]\n'),
    fc.string({ unit: 'binary', maxLength: 30 }).map((message) => event('user_message', { message })),
  );
  const step = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), text, cut: fc.nat(200) }),
    fc.record({
      kind: fc.constant('ingest' as const),
      lines: fc.integer({ min: 1, max: 4 }),
      at: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({ kind: fc.constant('forget' as const) }),
  );

  it('OD-2: never stores a line twice and never loses one', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const fixture = sessionFixture();
        try {
          const dependencies = { ledger: fixture.context.ledger, clock: fixture.clock };
          const ingest = (lines: number) =>
            ingestSession(dependencies, fixture.session('w1'), {
              quiet: true,
              limits: { lines, bytes: 1e6, lineBytes: 1e6 },
            });
          let records = 1;
          for (const one of steps) {
            if (one.kind === 'append') {
              const bytes = Buffer.from(one.text);
              const cut = Math.max(0, bytes.length - one.cut);
              appendFileSync(fixture.rollout, bytes.subarray(0, cut));
              if (one.cut % 2 === 0) await ingest(2);
              appendFileSync(fixture.rollout, bytes.subarray(cut));
              if (one.text.startsWith('{"timestamp"')) records += 1;
            } else if (one.kind === 'ingest') {
              await Promise.all(Array.from({ length: one.at }, () => ingest(one.lines)));
            } else {
              fixture.context.ledger.run('UPDATE sessions SET last_ingest_offset = NULL');
            }
          }
          await ingest(1000);
          const [row] = fixture.rows('SELECT count(*) AS n, count(DISTINCT byte_offset) AS offsets FROM codex_events');
          assert.deepEqual(row, { n: records, offsets: records });
        } finally {
          fixture.dispose();
        }
      }),
      { numRuns: 40 },
    );
  });
});
