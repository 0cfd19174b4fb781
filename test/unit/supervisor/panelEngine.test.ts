import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openLedger } from '../../../src/core/ledger/openLedger.ts';
import type { Connection } from '../../../src/core/ledger/connection.ts';
import { upsertSession } from '../../../src/core/ledger/sessionStore.ts';
import { insertTask } from '../../../src/core/ledger/taskStore.ts';
import { systemClock } from '../../../src/core/ports/clock.ts';
import type { PanelSnapshot } from '../../../src/protocol/snapshot.ts';
import { PanelEngine } from '../../../src/supervisor/panelEngine.ts';

describe('the engine behind the panel', () => {
  let folder: string;
  let engine: PanelEngine;
  let lines: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-panel-'));
    lines = [];
  });

  afterEach(async () => {
    await engine.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const stateRoot = () => join(folder, 'work', '.codex-workers');

  function write(work: (ledger: Connection) => void): void {
    const { connection } = openLedger(join(stateRoot(), 'workerctl.db'), Date.now());
    connection.write(() => work(connection));
    connection.close();
  }

  function start(): void {
    engine = new PanelEngine(
      {
        windowId: 'vscode-1',
        folder: join(folder, 'work'),
        stateRoot: stateRoot(),
        tmux: { path: null, socket: join(folder, 'tmux') },
        codex: { path: null },
        permissions: [],
        runtime: { executable: process.execPath, electron: false, cli: '/nowhere/cli.js' },
        environment: { PATH: '/nowhere', HOME: folder, CODEX_HOME: join(folder, 'codex') },
      },
      {
        snapshotChanged: () => {},
        attention: () => {},
        log: (level, line) => void lines.push(`${level} ${line}`),
        watchTerminal: async () => null,
      },
    );
  }

  async function shows(condition: (snapshot: PanelSnapshot) => boolean): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (!condition(await engine.snapshot())) {
      assert.ok(Date.now() < deadline, `waited too long; ${lines.join('\n')}`);
      await systemClock.sleep(20);
    }
  }

  it('opens a session whose tmux server was not recorded where the engine looks for it', async () => {
    write((ledger) => {
      upsertSession(
        ledger,
        {
          name: 'w',
          role: 'worker',
          codexSessionPath: null,
          codexSessionId: null,
          pid: null,
          tmuxSession: 'work',
          cwd: folder,
        },
        Date.now(),
      );
    });
    start();
    await shows(({ sessions }) => sessions[0]?.terminal?.socketPath === join(folder, 'tmux'));
  });

  it('notices that its ledger was deleted, and leads the next one', async () => {
    write((ledger) => insertTask(ledger, { name: 'first', goal: 'g', summary: null }, Date.now()));
    start();
    await shows(({ leader, tasks }) => leader?.thisWindow === true && tasks[0]?.name === 'first');
    rmSync(stateRoot(), { recursive: true });
    await shows(({ ledgerExists }) => !ledgerExists);
    write((ledger) => insertTask(ledger, { name: 'second', goal: 'g', summary: null }, Date.now()));
    await shows(({ leader, tasks }) => leader?.thisWindow === true && tasks[0]?.name === 'second');
  });

  it('says that a row cannot be read, goes on, and shows everything again once it can', async () => {
    write((ledger) => insertTask(ledger, { name: 'first', goal: 'g', summary: null }, Date.now()));
    start();
    await shows(({ tasks }) => tasks.length === 1);
    write((ledger) => ledger.run("UPDATE tasks SET goal = x'00ff'"));
    await shows(({ problems }) => problems.some(({ kind }) => kind === 'ledger_invalid'));
    write((ledger) => ledger.run("UPDATE tasks SET goal = 'g'"));
    await shows(({ tasks, problems }) => tasks.length === 1 && problems.every(({ kind }) => kind !== 'ledger_invalid'));
  });
});
