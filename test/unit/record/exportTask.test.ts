import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { enqueueNudgeWorker } from '../../../src/core/operations/enqueue.ts';
import { exportTask } from '../../../src/core/operations/exportTask.ts';
import { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { handoff } from '../../../src/core/operations/handoff.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { listAuditEvents } from '../../../src/core/ledger/auditQueryStore.ts';
import { listTelemetry } from '../../../src/core/ledger/telemetryQueryStore.ts';
import { recordTelemetry } from '../../../src/core/ledger/telemetryStore.ts';
import { recordTerminalCapture } from '../../../src/core/ledger/terminalCaptureStore.ts';
import { jsonChunks } from '../../../src/core/record/jsonChunks.ts';
import { printedJson } from '../../../src/core/domain/json.ts';
import { boundContext, run } from './support.ts';

type Bound = Awaited<ReturnType<typeof boundContext>>;
const secret = 'the-planted-secret';

describe('export-task', () => {
  let bound: Bound;
  let out: string;

  beforeEach(async () => {
    bound = await boundContext();
    out = join(bound.folder, 'out', 'bundle');
    await plant(bound);
  });

  afterEach(() => {
    bound.dispose();
  });

  it('AT-3: no file of a bundle or its archive holds what was said or shown', async () => {
    await run(exportTask, bound.context, { task: 'alpha', output: out, zip: true });
    const files = filesBelow(out);
    assert.ok(files.length >= 16);
    for (const name of files) assert.ok(!readFileSync(join(out, name), 'utf8').includes(secret), name);
    const archive = unzip(`${out}.zip`);
    assert.deepEqual(Object.keys(archive).toSorted(), files.toSorted());
    for (const [name, text] of Object.entries(archive)) assert.equal(text, readFileSync(join(out, name), 'utf8'), name);
  });

  it('AT-3: transcripts show what terminals showed, and nothing else', async () => {
    await run(exportTask, bound.context, { task: 'alpha', output: out, includeFullTranscripts: true });
    const holding = filesBelow(out).filter((name) => readFileSync(join(out, name), 'utf8').includes(secret));
    assert.deepEqual(holding.toSorted(), [
      'replay-full-transcript.json',
      'transcript-segments.json',
      'transcripts/worker.txt',
    ]);
    for (const name of holding) assert.ok(!readFileSync(join(out, name), 'utf8').includes(`message ${secret}`), name);
  });

  it('shows everything when content is asked for', async () => {
    await run(exportTask, bound.context, { task: 'alpha', output: out, includeContent: true });
    for (const name of ['audit.json', 'terminal-captures.json', 'task-status.json']) {
      assert.ok(readFileSync(join(out, name), 'utf8').includes(secret), name);
    }
  });

  it('AT-9: an export is on record: who asked for what, and how it went', async () => {
    const { context, task } = bound;
    await run(exportTask, context, { task: 'alpha', output: out, includeTranscripts: true });
    const types = listAuditEvents(context.ledger, task.id).map(({ type }) => type);
    assert.deepEqual(types.slice(-2), ['task_export_started', 'task_exported']);
    const [told] = listTelemetry(context.ledger, { eventType: 'task_exported' }, { limit: 1, newestFirst: true });
    assert.equal(told?.attributes.include_transcripts, true);
    assert.equal(told?.attributes.include_content, false);
  });

  it('AT-9: exporting again leaves nothing of the earlier one, and other files alone', async () => {
    const { context } = bound;
    await run(exportTask, context, { task: 'alpha', output: out, includeFullTranscripts: true, zip: true });
    writeFileSync(join(out, 'notes.txt'), 'mine');
    await run(exportTask, context, { task: 'alpha', output: out, zip: true });
    const names = filesBelow(out);
    assert.ok(names.includes('notes.txt'));
    assert.deepEqual(
      names.filter((name) => name.includes('transcript') && !name.includes('captures')),
      [],
    );
    assert.ok(!('transcripts/worker.txt' in unzip(`${out}.zip`)));
  });

  it('AT-9: nothing of another export is overwritten', async () => {
    const { context } = bound;
    await run(tasks, context, { create: 'beta', goal: 'Another' });
    await run(exportTask, context, { task: 'alpha', output: out, zip: true });
    const before = readFileSync(join(out, 'manifest.json'), 'utf8');
    await assert.rejects(run(exportTask, context, { task: 'beta', output: out }), { code: 'export_exists' });
    assert.equal(readFileSync(join(out, 'manifest.json'), 'utf8'), before);

    // The suffix belongs to the name: d.v1 and d.v2 are two archives.
    await run(exportTask, context, { task: 'alpha', output: `${out}.v1`, zip: true });
    const second = await run(exportTask, context, { task: 'beta', output: `${out}.v2`, zip: true });
    assert.equal(second.archive, `${out}.v2.zip`);
    assert.match(unzip(`${out}.v1.zip`)['manifest.json'] ?? '', /"alpha"/);
  });

  it('AT-9: a file of somebody else in the place of one of ours, or of the archive, is refused', async () => {
    const { context } = bound;
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, 'audit.json'), 'mine');
    await assert.rejects(run(exportTask, context, { task: 'alpha', output: out }), { code: 'export_exists' });
    assert.deepEqual(readdirSync(out), ['audit.json']);
    writeFileSync(`${out}2.zip`, 'no archive');
    const again = run(exportTask, context, { task: 'alpha', output: `${out}2`, zip: true });
    await assert.rejects(again, { code: 'export_exists' });
    assert.equal(readFileSync(`${out}2.zip`, 'utf8'), 'no archive');
    assert.ok(!existsSync(`${out}2`));
  });

  it('takes an empty folder name for none, as a script passes it whose variable is not set', async () => {
    const { export_dir: folder } = await run(exportTask, bound.context, { task: 'alpha', output: '' });
    assert.equal(folder, join(bound.context.stateRoot, 'artifacts', 'tasks', bound.task.id, 'export'));
  });

  it('AT-9: without a folder it goes beside the ledger in use, readable for its owner only', async () => {
    const other = bound.context.withLedger(join(bound.folder, 'elsewhere', 'other.db'));
    await run(tasks, other, { create: 'gamma', goal: 'Elsewhere' });
    const { export_dir: folder } = await run(exportTask, other, { task: 'gamma' });
    assert.ok(folder.startsWith(join(bound.folder, 'elsewhere', 'artifacts')), folder);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    for (const name of filesBelow(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    other.close();
  });

  it('AT-8: an export holds every telemetry event, however many', async () => {
    const { context, task, clock } = bound;
    context.ledger.write(() => {
      for (let index = 0; index < 10_050; index += 1) {
        recordTelemetry(
          context.ledger,
          { type: 'tick', summary: `Tick ${index}.`, taskId: task.id, correlation: {}, attributes: {} },
          clock.now(),
        );
      }
    });
    await run(exportTask, context, { task: 'alpha', output: out });
    assert.match(readFileSync(join(out, 'telemetry-events.json'), 'utf8'), /"Tick 10049\."/);
    const summary: unknown = JSON.parse(readFileSync(join(out, 'telemetry-summary.json'), 'utf8'));
    assert.ok(summary !== null && typeof summary === 'object' && 'total' in summary && Number(summary.total) > 10_050);
  });

  it('AT-20: what is printed in pieces is what is printed at once', () => {
    const values = [
      [],
      {},
      [1, { b: ['x\ny', []], a: {} }],
      { z: [{ k: 'ä' }], a: null, u: undefined, o: { list: [1] } },
      'text',
    ];
    for (const value of values) assert.equal([...jsonChunks(value)].join(''), printedJson(value));
  });

  it('AT-10: says who works on a task that has sessions', async () => {
    await run(exportTask, bound.context, { task: 'alpha', output: out });
    const status = readFileSync(join(out, 'task-status.json'), 'utf8');
    assert.match(status, /"worker_session": \{[^}]*"name": "w1"/);
    assert.match(status, /"manager_session": \{[^}]*"name": "m1"/);
    assert.doesNotMatch(status, /token/);
  });

  it('AT-20: whoever exports goes on with other things meanwhile', async () => {
    let turns = 0;
    const others = setInterval(() => (turns += 1), 1);
    await run(exportTask, bound.context, { task: 'alpha', output: out, zip: true });
    clearInterval(others);
    assert.ok(turns > 0);
  });

  it('an export that is interrupted leaves nothing but its record', async () => {
    const context = new HostedContext({ ...bound.context, signal: AbortSignal.abort() });
    await assert.rejects(run(exportTask, context, { task: 'alpha', output: out }), { code: 'interrupted' });
    assert.deepEqual(readdirSync(join(bound.folder, 'out')), []);
    assert.equal(listAuditEvents(context.ledger, bound.task.id).at(-1)?.type, 'task_export_failed');
    context.close();
  });

  it('a folder that cannot be written is refused in one line, on record', async () => {
    writeFileSync(join(bound.folder, 'file'), '');
    const attempt = run(exportTask, bound.context, { task: 'alpha', output: join(bound.folder, 'file', 'below') });
    await assert.rejects(attempt, { code: 'export_failed' });
    assert.equal(listAuditEvents(bound.context.ledger, bound.task.id).at(-1)?.type, 'task_export_failed');
  });
});

/** The same secret in a message, on a screen and in a handoff. */
async function plant({ context, task, clock }: Bound): Promise<void> {
  await run(enqueueNudgeWorker, context, { task: 'alpha', message: `message ${secret}` });
  await run(handoff, context, { task: 'alpha', summary: `summary ${secret}` });
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
        content: `screen ${secret}\n`,
        classifier: {},
        source: 'transcript_capture',
        mode: 'segment',
      },
      clock.now(),
    ),
  );
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
}

function unzip(file: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(unzipSync(readFileSync(file))).map(([name, bytes]) => [name, strFromU8(bytes)]),
  );
}
