import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RolloutWatch, watchRollouts } from '../../../src/core/ingest/watchRollouts.ts';

describe('watchRollouts', () => {
  let folder: string;
  let sessions: string;
  let watch: RolloutWatch | null = null;
  const seen: string[] = [];
  const day = () => join(sessions, '2026', '01', '02');
  const file = (id: string) => join(day(), `rollout-2026-01-02T03-04-05-${id}.jsonl`);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-watch-'));
    sessions = join(folder, 'sessions');
    mkdirSync(day(), { recursive: true });
    seen.length = 0;
  });

  afterEach(async () => {
    await watch?.close();
    watch = null;
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (pollMilliseconds = 60_000): Promise<RolloutWatch> => {
    const started = watchRollouts({
      sessionsFolder: sessions,
      onChanged: (paths) => seen.push(...paths),
      onError: (error) => assert.fail(String(error)),
      pollMilliseconds,
    });
    watch = started;
    await started.ready;
    return started;
  };
  const until = async (condition: () => boolean): Promise<void> => {
    const deadline = Date.now() + 10_000;
    while (!condition()) {
      assert.ok(Date.now() < deadline, `still waiting; seen ${seen.join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  it('tells of a file that appears and of every append to it, however close they follow each other', async () => {
    await start();
    writeFileSync(file('new'), 'one\n');
    await until(() => seen.includes(file('new')));
    for (const pause of [0, 2, 10, 30, 45, 55, 70]) {
      appendFileSync(file('new'), 'first\n');
      await new Promise((resolve) => setTimeout(resolve, pause));
      seen.length = 0;
      appendFileSync(file('new'), 'second\n');
      await until(() => seen.length > 0);
    }
  });

  it('follows a file that is neither recent nor in the sessions folder', async () => {
    const elsewhere = join(folder, 'rollout-elsewhere.jsonl');
    for (const path of [file('old'), file('resumed'), elsewhere]) {
      writeFileSync(path, 'one\n');
      utimesSync(path, 1e9, 1e9);
    }
    const started = await start();
    started.follow([file('resumed'), elsewhere]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    appendFileSync(file('resumed'), 'two\n');
    appendFileSync(elsewhere, 'two\n');
    await until(() => seen.includes(elsewhere) && seen.includes(file('resumed')));
    assert.ok(!seen.includes(file('old')));
  });

  it('sees a followed file appear in a folder that did not exist', async () => {
    const later = join(folder, 'later', 'on', 'rollout-x.jsonl');
    const started = await start();
    started.follow([later]);
    mkdirSync(join(folder, 'later', 'on'), { recursive: true });
    writeFileSync(later, 'one\n');
    await until(() => seen.includes(later));
  });

  it('waits for a sessions folder that does not exist yet', async () => {
    rmSync(sessions, { recursive: true });
    await start();
    mkdirSync(day(), { recursive: true });
    writeFileSync(file('first'), 'one\n');
    await until(() => seen.includes(file('first')));
  });

  it('calls nobody and holds no handle after it was closed', async () => {
    const handles = () => process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate');
    const before = handles();
    for (let round = 0; round < 10; round += 1) {
      const started = await start();
      started.follow([file('a')]);
      writeFileSync(file('a'), String(round));
      await started.close();
    }
    seen.length = 0;
    appendFileSync(file('a'), 'more');
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(seen, []);
    assert.deepEqual(handles().toSorted(), before.toSorted());
  });
});
