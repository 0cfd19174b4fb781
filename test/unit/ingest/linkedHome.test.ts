import assert from 'node:assert/strict';
import { appendFileSync, closeSync, openSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ingestSession } from '../../../src/core/ingest/ingestSession.ts';
import { recordSession } from '../../../src/core/operations/register.ts';
import { systemHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { findRunningSession } from '../../../src/core/supervise/sessionIdentity.ts';
import { FakeTmux } from '../../../src/core/tmux/fakeTmux.ts';
import { findPanelSession } from '../../../src/core/ledger/panelSessionStore.ts';
import { event, sessionFixture, type SessionFixture } from '../support/sessionFixture.ts';

/** A Codex home may be a link, as where it lies on another disk: its processes open the file behind it. */
describe('a rollout that is reached through a link', () => {
  let fixture: SessionFixture;
  let linked: string;
  beforeEach(() => {
    fixture = sessionFixture();
    symlinkSync(join(fixture.folder, 'rollouts'), join(fixture.folder, 'link'));
    linked = join(fixture.folder, 'link', 'rollout-w1.jsonl');
  });
  afterEach(() => fixture.dispose());

  const register = (codexSessionPath: string) => {
    recordSession(fixture.context, {
      name: 'w1',
      role: 'worker',
      tmuxSession: undefined,
      codexSessionPath,
      codexSessionId: 'thread-w1',
      pid: 4000 + 'w1'.charCodeAt(0),
      cwd: '/srv/project',
      codexVersion: '0.169.0',
    });
    return ingestSession({ ledger: fixture.context.ledger, clock: fixture.clock }, fixture.session('w1'), {
      quiet: true,
    });
  };
  const told = () => fixture.rows("SELECT id FROM codex_events WHERE subtype = 'task_complete'").length;

  it('is the same one by either name: nothing is told twice, nothing is lost', async () => {
    appendFileSync(
      fixture.rollout,
      event('task_started', { turn_id: 't1' }) + event('task_complete', { turn_id: 't1' }),
    );
    await register(fixture.rollout);
    assert.equal(told(), 1);
    await register(linked);
    assert.equal(told(), 1);
    appendFileSync(fixture.rollout, event('task_complete', { turn_id: 't2' }));
    await register(linked);
    assert.equal(told(), 2);
    await register(fixture.rollout);
    assert.equal(told(), 2);
  });

  it('belongs to the process that holds it open under its own name', async () => {
    await register(linked);
    const pid = fixture.session('w1').pid ?? 0;
    const { ledger, host } = fixture.context;
    const session = fixture.session('w1');
    const ports = { host, tmuxOn: () => new FakeTmux(), isContradicted: () => false };
    const mismatches = async (file: string) => {
      fixture.host.processes.set(pid, { startTime: '7', commandLine: ['/usr/bin/node'], openFiles: [file] });
      return (await findRunningSession(ports, session, findPanelSession(ledger, session.id))).identity.mismatches;
    };
    assert.deepEqual(await mismatches(realpathSync(fixture.rollout)), []);
    assert.deepEqual(await mismatches('/somewhere/else.jsonl'), ['codex_session_pid_mismatch']);
  });

  it('is found open under its own name', () => {
    const handle = openSync(fixture.rollout, 'r');
    try {
      assert.deepEqual(systemHostFacts.openedBy([linked]), [process.pid]);
    } finally {
      closeSync(handle);
    }
  });
});
