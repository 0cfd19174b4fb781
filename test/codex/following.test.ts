import assert from 'node:assert/strict';
import { say } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { setUpSupervised, type SupervisedCodex } from './supervisedCodex.ts';

describe('a session whose real Codex begins another conversation', function () {
  this.timeout(180_000);
  let codex: SupervisedCodex;
  let watcher: { stop(): Promise<void> };

  before(async () => {
    codex = await setUpSupervised((request) => say(`heard: ${request.lastUserText}`));
    await codex.json('start-worker', '--name', 'w', '--sandbox', 'workspace-write', '--ask-for-approval', 'on-request');
    watcher = await codex.supervise('follower');
  });
  after(async () => {
    await watcher.stop();
    await codex.close();
  });

  const thread = () => String(codex.rows("SELECT codex_session_id AS id FROM sessions WHERE name = 'w'")[0]?.id);
  const heard = (text: string) =>
    codex
      .rows('SELECT payload_json AS payload FROM codex_events')
      .some(({ payload }) => String(payload).includes(text));
  const type = async (text: string) => {
    codex.real.server.raw('send-keys', '-t', '=codex-w:', '-l', text);
    await new Promise((resolve) => setTimeout(resolve, 400));
    codex.real.server.raw('send-keys', '-t', '=codex-w:', 'Enter');
  };
  const screen = () => codex.real.server.raw('capture-pane', '-p', '-t', '=codex-w:');

  for (const [command, said] of [
    ['/new', 'after new'],
    ['/fork', 'after the fork'],
  ] as const) {
    it(`is followed after ${command}, and what it says from then on is told`, async () => {
      await codex.json('session-nudge', 'w', `before ${command}`);
      await until('the answer is read', () => heard(`heard: before ${command}`));
      const before = thread();
      await type(command);
      await until('it asks where', () => screen().includes('conversation run?'));
      codex.real.server.raw('send-keys', '-t', '=codex-w:', 'Enter');
      // At once, before anything is said in it.
      await until('another thread is known', () => thread() !== before, 40);
      await codex.json('session-nudge', 'w', said);
      await until('its answer is read', () => heard(`heard: ${said}`), 40);
      const [event] = codex.rows(
        "SELECT payload_json AS payload FROM events WHERE type = 'session_thread_followed' ORDER BY id DESC LIMIT 1",
      );
      assert.match(String(event?.payload), new RegExp(`"from_thread":\\s*"${before}"`));
      const [delivery] = codex.rows('SELECT seen_at AS seen FROM panel_deliveries ORDER BY id DESC LIMIT 1');
      assert.ok(delivery?.seen);
    });
  }
});
