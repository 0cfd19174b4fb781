import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { readLastTurnContext } from '../../src/core/codex/lastTurnContext.ts';
import { readRolloutHead } from '../../src/core/codex/rolloutHead.ts';
import { ingestSession } from '../../src/core/ingest/ingestSession.ts';
import { readSessionState } from '../../src/core/supervise/sessionState.ts';
import { sessionFixture, type SessionFixture } from '../unit/support/sessionFixture.ts';
import { foldRollout } from './foldRollout.ts';

/** One thread of Codex 0.169.0: two turns, compressed by Codex itself, taken up again, and a third turn. */
describe('a rollout that Codex has packed, recorded', () => {
  const folder = join(import.meta.dirname, 'data/packed');
  const packed = join(folder, 'two-turns.jsonl.zst');
  const resumed = readFileSync(join(folder, 'then-resumed.jsonl'));
  const unpacked = zstdDecompressSync(readFileSync(packed));
  let fixture: SessionFixture;
  beforeEach(() => {
    fixture = sessionFixture();
  });
  afterEach(() => fixture.dispose());

  it('holds what it held before, and Codex goes on behind that', () => {
    assert.deepEqual(foldRollout(unpacked).turns, ['completed', 'completed']);
    assert.ok(resumed.subarray(0, unpacked.length).equals(unpacked));
  });

  it('has the same head, size and last turn, by either of its names', () => {
    const plain = join(fixture.folder, 'rollouts', 'rollout-w1.jsonl');
    writeFileSync(plain, unpacked);
    const [{ header, sha256, size }, context] = [readRolloutHead(plain), readLastTurnContext(plain)];
    rmSync(plain);
    copyFileSync(packed, `${plain}.zst`);
    for (const name of [plain, `${plain}.zst`]) {
      const head = readRolloutHead(name);
      assert.deepEqual([head.header, head.sha256, head.size], [header, sha256, size]);
      assert.deepEqual(readLastTurnContext(name), context);
    }
    assert.equal(context?.sandbox, 'workspace-write');
  });

  it('cut off has what is left of it, or nothing; damaged it is refused, and nothing throws that has no name', () => {
    const file = join(fixture.folder, 'cut.jsonl.zst');
    const whole = readFileSync(packed);
    for (const length of [0, 10, 5000, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, length));
      assert.throws(() => readRolloutHead(file), { name: 'ConveyorError' });
      assert.equal(readLastTurnContext(file), null);
    }
    writeFileSync(file, Buffer.from('no zstd at all'));
    assert.throws(() => readRolloutHead(file), { name: 'ConveyorError' });
    assert.equal(readLastTurnContext(file), null);
  });

  it('is told once: as it grew, packed, and unpacked again', async () => {
    const { ledger } = fixture.context;
    const plain = fixture.rollout;
    const firstEnd = unpacked.indexOf('"task_complete"');
    writeFileSync(plain, unpacked.subarray(0, unpacked.indexOf(10, firstEnd) + 1));
    fixture.register('w1', 'worker', plain, readRolloutHead(plain).header.threadId);
    const read = () => ingestSession({ ledger, clock: fixture.clock }, fixture.session('w1'), { quiet: true });
    const told = () => fixture.rows("SELECT id FROM codex_events WHERE subtype = 'task_complete'").length;
    await read();
    assert.equal(told(), 1);
    rmSync(plain);
    copyFileSync(packed, `${plain}.zst`);
    await read();
    await read();
    assert.equal(told(), 2);
    rmSync(`${plain}.zst`);
    writeFileSync(plain, unpacked);
    await read();
    appendFileSync(plain, resumed.subarray(unpacked.length));
    await read();
    assert.equal(told(), 3);
    assert.equal(readSessionState(ledger, fixture.session('w1').id).turn.turn.phase, 'ended');
  });
});
