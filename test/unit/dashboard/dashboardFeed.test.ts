import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';

import { DashboardFeed } from '../../../src/dashboard/dashboardFeed.ts';
import { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { insertTask } from '../../../src/core/ledger/taskStore.ts';
import { recordTelemetry } from '../../../src/core/ledger/telemetryStore.ts';
import { sessionFixture, type SessionFixture } from '../support/sessionFixture.ts';

describe('what the dashboard reads', () => {
  let at: SessionFixture;
  let feed: DashboardFeed;

  beforeEach(() => {
    at = sessionFixture();
    at.bind('t1');
    const { ledgerFile, variables } = at.context;
    // Its own connection: what is written here was written by somebody else.
    feed = new DashboardFeed(new HostedContext({ surface: 'panel', cwd: at.folder, variables, ledgerFile }));
  });
  afterEach(() => {
    feed.close();
    at.dispose();
  });

  async function shows(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!condition()) {
      assert.ok(Date.now() < deadline);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  const spoil = (sql: string) => at.context.ledger.write(() => at.context.ledger.run(sql));

  it('is the task with its people, and its timeline', () => {
    const { task, sessions } = feed.view('t1', []);
    assert.deepEqual([task?.worker, task?.manager], ['w1', 'm1']);
    assert.deepEqual(
      sessions.map(({ name, role, noTerminal }) => [name, role, noTerminal]),
      [
        ['w1', 'worker', 'It does not run in tmux.'],
        ['m1', 'manager', 'It does not run in tmux.'],
      ],
    );
    const scene = feed.scene('t1');
    assert.ok(scene.kind === 'ready');
    assert.deepEqual(
      scene.actors.map(({ name }) => name),
      ['w1', 'm1'],
    );
  });

  it('passes over a sign of life that does not say whose it is', () => {
    const { ledger, clock } = at.context;
    const beat = { type: 'dispatch_watch_heartbeat', summary: 'Beat.', actor: 'dispatch' } as const;
    const whole = { correlation: { dispatcher_id: 'd1', iteration: 7 }, attributes: { processed_count: 0 } };
    ledger.write(() => {
      recordTelemetry(ledger, { ...beat, ...whole }, clock.now());
      recordTelemetry(ledger, { ...beat, correlation: {}, attributes: {} }, clock.now());
    });
    const { problems, task } = feed.view('t1', []);
    assert.deepEqual(problems, []);
    assert.equal(task?.name, 't1');
  });

  it('says so when a row cannot be read, whichever it is, and goes on once it can', async () => {
    feed.onChanged(() => void feed.view('t1', []));
    const spoiled = () => feed.view('t1', []).problems.some((problem) => problem.includes("can't be read"));
    for (const [worse, better] of [
      ["UPDATE tasks SET goal = x'00ff'", "UPDATE tasks SET goal = 'g'"],
      ["UPDATE tasks SET summary = x'00ff'", 'UPDATE tasks SET summary = NULL'],
    ] as const) {
      spoil(worse);
      await shows(spoiled);
      assert.equal(feed.scene('t1').kind, 'failed');
      spoil(better);
      await shows(() => !spoiled() && feed.scene('t1').kind === 'ready');
    }
  });

  it('is what there is after the ledger was deleted and made anew', async () => {
    feed.onChanged(() => {});
    at.context.close();
    rmSync(dirname(at.context.ledgerFile), { recursive: true });
    await shows(() => !feed.view('t1', []).ledgerExists);
    const { ledger, clock } = at.context;
    ledger.write(() => insertTask(ledger, { name: 't2', goal: 'g', summary: null }, clock.now()));
    await shows(() => feed.view('t2', []).task?.name === 't2');
  });
});
