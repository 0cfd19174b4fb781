import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importCompatVerb } from '../../../src/core/operations/importCompat.ts';
import { parseInput } from '../../../src/core/operations/argument.ts';
import { findNewestStatus } from '../../../src/core/ledger/legacyWorkerStore.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';
import { run } from './support.ts';

describe('import-compat', () => {
  let fixture: TemporaryContext;
  let root: string;

  beforeEach(() => {
    fixture = temporaryContext();
    root = join(fixture.folder, 'old');
  });

  afterEach(() => fixture.dispose());

  const write = (worker: string, files: Record<string, string>) => {
    mkdirSync(join(root, worker), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, worker, name), text);
  };
  const count = (sql: string) => Object.values(fixture.context.ledger.get(sql) ?? {})[0];

  it('AT-21: one malformed file is named, and everything else is imported', async () => {
    write('a', { 'config.json': '{}', 'status.json': '{oops', 'events.jsonl': '{"type":"create"}\n' });
    write('b', { 'config.json': '{oops' });
    write('c', { 'config.json': '{}', 'status.json': '{"state":"editing"}' });
    await assert.rejects(run(importCompatVerb, fixture.context, { root, apply: true }), (error: Error) => {
      assert.match(error.message, /^Invalid JSON in .*a\/status\.json; .*Invalid JSON in .*b\/config\.json/);
      return !error.message.includes('\n');
    });
    assert.equal(count('SELECT group_concat(name) FROM (SELECT name FROM workers ORDER BY name)'), 'a,c');
    assert.equal(findNewestStatus(fixture.context.ledger, 'c')?.state, 'editing');
    assert.equal(count("SELECT count(*) FROM events WHERE type = 'compat_create'"), 1);
  });

  it('AT-21: a worker that is not there is a negative answer', async () => {
    const input = parseInput(importCompatVerb.inputs, { root, worker: 'ghost' });
    const output = await run(importCompatVerb, fixture.context, { root, worker: 'ghost' });
    assert.equal(importCompatVerb.exitStatus?.(output, input), 1);
  });

  it('AT-21: a bad line that was told of is told apart from a new one', async () => {
    write('a', { 'config.json': '{}', 'events.jsonl': 'bad\n' });
    const skipped = async () => {
      const { workers } = await run(importCompatVerb, fixture.context, { root, apply: true });
      return workers[0]?.actions.flatMap(({ action, reported_before: before }) =>
        action === 'skip_invalid_event' ? [before] : [],
      );
    };
    assert.deepEqual(await skipped(), [false]);
    appendFileSync(join(root, 'a', 'events.jsonl'), 'worse\n');
    assert.deepEqual(await skipped(), [true, false]);
  });

  it('imports each piece once, with its own times, and a dry run imports nothing', async () => {
    write('a', {
      'config.json': '{"identity_token":"token-a","created_at":"2025-05-05T05:05:05Z"}',
      'transcript.txt': 'one\ntwo\n',
      'capture-meta.json':
        '{"captured_at":"2025-05-05T06:01:00Z","changed_at":"2025-05-05T06:00:30Z","history_lines":50}',
      'events.jsonl': '{"time":"2025-05-05T05:06:00Z","type":"nudge","message":"hi"}\n',
    });
    await run(importCompatVerb, fixture.context, { root });
    assert.equal(count('SELECT count(*) FROM workers'), 0);
    for (const _ of [1, 2]) await run(importCompatVerb, fixture.context, { root, apply: true });
    assert.equal(count('SELECT count(*) FROM transcript_captures'), 1);
    assert.equal(count('SELECT changed_at || history_lines FROM transcript_captures'), '2025-05-05T06:00:30Z50');
    assert.equal(
      count("SELECT group_concat(created_at || actor) FROM events WHERE type = 'compat_nudge'"),
      '2025-05-05T05:06:00Zcompat',
    );
    assert.equal(count('SELECT created_at || identity_token FROM workers'), '2025-05-05T05:05:05Ztoken-a');
  });

  it('refuses the terminal of another worker in one line', async () => {
    write('a', { 'config.json': '{"tmux_session":"shared"}' });
    write('b', { 'config.json': '{"tmux_session":"shared"}' });
    await assert.rejects(run(importCompatVerb, fixture.context, { root, apply: true }), { code: 'invalid_json' });
    assert.equal(count('SELECT count(*) FROM workers'), 1);
  });
});
