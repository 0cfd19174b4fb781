import assert from 'node:assert/strict';
import { findRolloutOfThread } from '../../src/core/codex/discoverThread.ts';
import { say } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { type RolloutLine, setUpSupervised, type SupervisedCodex } from './supervisedCodex.ts';

describe('a real Codex under conveyor', function () {
  this.timeout(120_000);
  let world: SupervisedCodex;

  before(async () => {
    world = await setUpSupervised((request) => {
      const asked = request.lastUserText;
      if (asked.startsWith('think'))
        return { kind: 'answer', thinkMs: 60_000, parts: [{ type: 'text', text: 'late' }] };
      return say(`heard: ${asked}`);
    });
  });
  after(() => world.close());

  const sandboxed = ['--sandbox', 'workspace-write', '--ask-for-approval', 'on-request'];
  const start = (role: 'worker' | 'manager', name: string, ...more: string[]) =>
    world.json(`start-${role}`, '--name', name, ...sandboxed, '--timeout-seconds', '40', ...more);
  const rolloutOf = (name: string): string =>
    String(world.rows(`SELECT codex_session_path AS path FROM sessions WHERE name = '${name}'`)[0]?.path);
  const userTexts = (lines: readonly RolloutLine[]): string[] =>
    lines
      .map(({ payload }) => payload.item)
      .filter((item): item is { type: string; content: { text: string }[] } => isUserMessage(item))
      .map(({ content }) => content.map(({ text }) => text).join(''));
  const kinds = (name: string) => world.lines(rolloutOf(name)).map(({ payload }) => payload.type);

  async function cycleShows(task: string, state: string): Promise<Record<string, unknown>> {
    let seen: Record<string, unknown> = {};
    await until(
      `${task} is ${state}`,
      async () => {
        seen = await world.json('cycle', task);
        return seen.state === state;
      },
      60,
    );
    return seen;
  }

  async function pairOf(task: string): Promise<void> {
    await start('worker', `${task}-w`, '--task', 'think about it');
    await start('manager', `${task}-m`);
    await world.json('tasks', '--create', task, '--goal', 'be supervised');
    await world.json('bind', '--task', task, '--worker', `${task}-w`, '--manager', `${task}-m`);
  }

  it('start-worker knows the thread at once, and the rollout with the first prompt', async () => {
    const silent = await start('worker', 'silent');
    assert.match(String(silent.codex_session_id), /^[0-9a-f-]{36}$/);
    assert.equal(silent.codex_session_path, null);
    const told = await start('worker', 'told', '--task', 'hello');
    assert.equal(told.codex_session_path, findRolloutOfThread(world.real.codex.home, String(told.codex_session_id)));
    assert.deepEqual(userTexts(world.lines(String(told.codex_session_path))), ['hello']);
    // Whoever watches finds the file of a session that is spoken to later.
    const watch = await world.supervise('finder');
    await world.json('session-nudge', 'silent', 'and hello to you');
    await until('its rollout is known', () => rolloutOf('silent').endsWith('.jsonl'));
    // Codex makes the file a moment before it writes the message into it.
    const said = () => userTexts(world.lines(rolloutOf('silent')));
    await until('the message is in it', () => said().length > 0);
    assert.deepEqual(said(), ['and hello to you']);
    await watch.stop();
  });

  it('cycle sees it busy, an interrupt aborts the turn, and a nudge is one user turn that ends in a completion', async () => {
    await pairOf('whole');
    const busy = await cycleShows('whole', 'busy');
    assert.equal(busy.worker_alive, true);
    assert.equal(busy.manager_alive, true);
    assert.equal(busy.observed_by, 'cli');
    assert.equal(busy.task_completed, false);

    await world.json('session-interrupt', 'whole-w');
    await until('the turn is aborted', () => kinds('whole-w').includes('turn_aborted'));
    assert.equal(kinds('whole-w').filter((kind) => kind === 'turn_aborted').length, 1);
    const aborted = await cycleShows('whole', 'idle');
    assert.equal(aborted.task_completed, false);

    const watch = await world.supervise('outside');
    await world.json('enqueue-nudge-worker', 'whole', '--message', 'please\ngo on', '--json');
    await until('the nudge is answered', () => kinds('whole-w').includes('task_complete'), 60);
    const done = await cycleShows('whole', 'idle');
    assert.equal(done.task_completed, true);
    assert.equal(done.last_event_subtype, 'task_complete');
    assert.deepEqual(userTexts(world.lines(rolloutOf('whole-w'))), ['think about it', 'please\ngo on']);

    // The completion wakes the manager in its terminal, and is on record as told.
    const told = () =>
      userTexts(world.lines(rolloutOf('whole-m'))).filter(
        (text) => text.includes('whole-w') && text.includes('complet'),
      );
    await until('the manager is told', () => rolloutOf('whole-m').endsWith('.jsonl') && told().length > 0, 60);
    await watch.stop();
    assert.equal(told().length, 1);
    const signals = "FROM routed_notifications WHERE signal_type = 'worker_task_complete'";
    assert.deepEqual(world.rows(`SELECT state, side_effect_completed AS completed ${signals}`), [
      { state: 'delivered', completed: 1 },
    ]);
  });

  it('a completion reaches the inbox of a manager that has no terminal', async () => {
    const worker = await start('worker', 'mailing', '--task', 'say something');
    const rollout = String(worker.codex_session_path);
    await until('its first turn is over', () => kinds('mailing').includes('task_complete'));
    const other = String(
      findRolloutOfThread(
        world.real.codex.home,
        String((await start('worker', 'reader', '--task', 'hi')).codex_session_id),
      ),
    );
    await world.json('register-manager', '--name', 'mailbox', '--pid', String(process.pid), '--codex-session', other);
    await world.json('tasks', '--create', 'mail', '--goal', 'be read');
    await world.json('bind', '--task', 'mail', '--worker', 'mailing', '--manager', 'mailbox');
    const watch = await world.supervise('postman');
    const waiting = world.json('manager-inbox', 'mail', '--wait', '--timeout', '60', '--consume-next', '--json');
    await world.json('session-nudge', 'mailing', 'and once more');
    const { consumed } = await waiting;
    await watch.stop();
    assert.ok(typeof consumed === 'object' && consumed !== null);
    const { signal_type: signal, payload } = consumed as { signal_type: string; payload: { message: string } };
    assert.equal(signal, 'worker_task_complete');
    assert.match(payload.message, /mailing/);
    assert.equal(world.lines(rollout).filter(({ payload: { type } }) => type === 'task_complete').length, 2);
    const again = await world.json('manager-inbox', 'mail', '--json');
    assert.deepEqual(again.items, []);
  });
});

function isUserMessage(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'type' in item && item.type === 'UserMessage';
}
