import assert from 'node:assert/strict';
import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prune, transcriptPrune } from '../../../src/core/operations/prune.ts';
import { transcriptCapture } from '../../../src/core/operations/transcriptCapture.ts';
import { transcriptShow } from '../../../src/core/operations/transcriptShow.ts';
import type { Connection } from '../../../src/core/ledger/connection.ts';
import { bytesOnDisk } from '../../../src/core/ledger/reclaimSpace.ts';
import { captureSide } from '../../../src/core/supervise/transcriptCapture.ts';
import { FakeTmux } from '../../../src/core/tmux/fakeTmux.ts';
import { recordTerminalCapture } from '../../../src/core/ledger/terminalCaptureStore.ts';
import type { TemporaryContext } from '../support/temporaryContext.ts';
import { boundContext, run } from './support.ts';

type Bound = Awaited<ReturnType<typeof boundContext>>;

describe('transcripts', () => {
  let bound: Bound;

  beforeEach(async () => {
    bound = await boundContext();
  });

  afterEach(() => {
    bound.dispose();
  });

  it('AT-13: a task that is not there is refused, also for both sides', async () => {
    await assert.rejects(run(transcriptCapture, bound.context, { task: 'nosuch' }), { code: 'unknown_task' });
  });

  it('says of a session that is not as it was confirmed why its terminal is not looked at, and what to do', async () => {
    const { ledger, clock } = bound.context;
    ledger.run("UPDATE sessions SET tmux_session = 'codex-w1' WHERE name = 'w1'");
    const ports = { ledger, clock, host: bound.host, tmuxOn: () => new FakeTmux(), isContradicted: () => true };
    await assert.rejects(
      captureSide(ports, { task: bound.task, role: 'worker', mode: 'segment', lines: 10 }),
      /verification failed for w1: session_not_as_confirmed; .*"confirm w1"/,
    );
  });

  it('AT-13: keeping fewer than none is refused and drops nothing', async () => {
    keepScreens(bound, ['one\n']);
    for (const operation of [
      () => run(transcriptPrune, bound.context, { task: 'alpha', keepLatest: -3 }),
      () => run(prune, bound.context, { keepLatest: -1 }),
    ]) {
      await assert.rejects(operation(), { code: 'invalid_value' });
    }
    assert.deepEqual(await texts(bound), ['one']);
  });

  it('AT-13: empty rows below the text are no reason to keep a screen twice', async () => {
    keepScreens(bound, ['one\n\n\n\n', 'one\ntwo\n\n\n']);
    assert.deepEqual(await texts(bound), ['one', 'two']);
  });

  it('AT-13: pruning drops whole screens too, keeps their measure, and the file shrinks by what it says', async () => {
    const screen = (n: number) => `${n}\n`.padEnd(200_000, `line of screen ${n}\n`);
    keepScreens(
      bound,
      Array.from({ length: 20 }, (_, n) => screen(n)),
    );
    const { context } = bound;
    context.ledger.pragma('wal_checkpoint(TRUNCATE)');
    const before = bytesOnDisk(context.ledger);
    const planned = await run(transcriptPrune, context, { task: 'alpha', keepLatest: 1, dryRun: true });
    assert.deepEqual([planned.pruned_count, planned.would_prune_count, planned.freed_bytes], [0, 19, 0]);
    assert.equal(bytesOnDisk(context.ledger), before);

    const done = await run(transcriptPrune, context, { task: 'alpha', keepLatest: 1 });
    assert.deepEqual([done.pruned_count, done.screen_count], [19, 19]);
    assert.equal(before - bytesOnDisk(context.ledger), done.freed_bytes);
    assert.ok(done.freed_bytes > 0.9 * done.text_bytes, `${done.freed_bytes} of ${done.text_bytes}`);
    const { segments } = await run(transcriptShow, context, { task: 'alpha' });
    assert.equal(segments.length, 20);
    assert.equal(segments[0]?.byte_count, Buffer.byteLength(screen(0).trimEnd()));
    assert.equal((await texts(bound)).filter((text) => text !== null).length, 1);
  });

  it('AT-13: a large ledger that agent-conveyor made is not written anew unless that is asked for', async () => {
    const file = join(bound.folder, 'upstream.db');
    copyFileSync(fileURLToPath(new URL('../ledger/data/upstream-v22.db', import.meta.url)), file);
    const context = bound.context.withLedger(file);
    const { ledger } = context;
    ledger.run("UPDATE terminal_captures SET content = printf('%.*c', 35000000, 'x'), byte_count = 35000000");
    const done = await run(prune, context, { keepLatest: 0 });
    assert.ok(done.reusable_bytes > 100_000_000, `${done.reusable_bytes}`);
    const large = statSync(file).size;
    const rewritten = await run(prune, context, { keepLatest: 0, rewrite: true });
    assert.ok(rewritten.freed_bytes > 100_000_000, `${rewritten.freed_bytes}`);
    assert.deepEqual([rewritten.reusable_bytes, statSync(file).size < large - 100_000_000], [0, true]);
    context.close();
  });

  it('AT-13: once written anew, a ledger gives space back in steps', async () => {
    const { context } = bound;
    keepScreens(bound, ['a'.repeat(500_000)]);
    await run(prune, context, { keepLatest: 0 });
    keepScreens(bound, ['b'.repeat(9_000_000), 'c'.repeat(9_000_000)]);
    const scripts = recordScripts(context.ledger);
    const { freed_bytes: freed } = await run(prune, context, { keepLatest: 0 });
    assert.ok(scripts.length > 1, 'in one step nobody could write meanwhile');
    assert.deepEqual([...new Set(scripts)], ['PRAGMA incremental_vacuum(500)']);
    assert.ok(freed >= 18_000_000, `${freed}`);
    assert.equal(context.ledger.pragma('auto_vacuum'), 2);
    assert.equal(context.ledger.pragma('freelist_count'), 0);
  });

  it('shows no word of a screen that was not asked for', async () => {
    keepScreens(bound, ['a secret\n']);
    const input = { task: 'alpha' };
    const output = await run(transcriptShow, bound.context, input);
    assert.doesNotMatch(JSON.stringify(output), /secret/);
    assert.match(
      transcriptShow.text?.(
        output,
        { ...input, role: 'all', limit: null, json: false, includeContent: false, raw: false },
        bound.context,
      ) ?? '',
      /worker transcript segment 1 .* \(reset\) ---\n\[content redacted: 1 lines, 8 bytes\]/,
    );
  });
});

/** What is run as a script from now on. */
function recordScripts(ledger: Connection): readonly string[] {
  const scripts: string[] = [];
  const script = ledger.script.bind(ledger);
  ledger.script = (sql) => {
    scripts.push(sql);
    script(sql);
  };
  return scripts;
}

function keepScreens({ context, task, clock }: Bound, screens: readonly string[]): void {
  for (const content of screens) {
    context.ledger.write(() =>
      recordTerminalCapture(
        context.ledger,
        {
          taskId: task.id,
          role: 'worker',
          tmuxSession: 'codex-w1',
          paneId: '%1',
          commandId: null,
          historyLines: 200,
          content,
          classifier: {},
          source: 'transcript_capture',
          mode: 'segment',
        },
        clock.now(),
      ),
    );
  }
}

async function texts({ context }: Pick<TemporaryContext, 'context'>): Promise<unknown[]> {
  const { segments } = await run(transcriptShow, context, { task: 'alpha', includeContent: true });
  return segments.map((segment) => segment.segment_text);
}
