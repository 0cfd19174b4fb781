/** What must be true after a dispatcher was killed in the middle of a delivery and another one took over. */
import assert from 'node:assert/strict';
import type { Checkpoint } from '../../src/core/dispatch/dependencies.ts';
import { until } from '../tmux/tmuxServer.ts';
import type { Child, CrashScene, Message, Row } from './crashScene.ts';

/** Steps at which a dispatcher dies; `entered`: Enter was pressed, and Codex has not written the turn yet. */
export type CrashStep = Checkpoint | 'entered';

/** Lets `first` die, and waits until what `second` makes of it is settled. Returns what `first` ended of. */
export async function crashAndRecover(
  scene: CrashScene,
  message: Message,
  { first, second }: { readonly first: Child; readonly second: () => Child },
): Promise<void> {
  assert.equal(await first.ended, 'SIGKILL', `the first dispatcher was not killed: ${first.stderr()}`);
  const successor = second();
  await until('it is settled', () => isSettled(scene, message, 1), 150);
  await scene.orderSentinel(message);
  await until('the next message is settled', () => isSettled(scene, message, 2), 60);
  successor.process.kill('SIGTERM');
  assert.equal(await successor.ended, '0', successor.stderr());
  assert.equal(successor.stderr(), '');
}

function isSettled(scene: CrashScene, message: Message, count: number): boolean {
  const [open] = scene.rows(
    `SELECT (SELECT count(*) FROM commands WHERE state IN ('pending', 'attempted'))
       + (SELECT count(*) FROM routed_notifications WHERE state = 'pending') AS n,
       (SELECT count(*) FROM routed_notifications) AS notifications`,
  );
  return open?.n === 0 && Number(open.notifications) >= count && scene.target(message).messages().length >= count;
}

export function assertDeliveredOnce(scene: CrashScene, message: Message): void {
  const text = message === 'nudge' ? /please go on/ : /it is done|complet/i;
  const said = scene.target(message).messages();
  assert.equal(said.length, 2, JSON.stringify(said));
  assert.match(said[0] ?? '', text);
  assert.match(said[1] ?? '', /sentinel/);
  const other = message === 'nudge' ? scene.manager : scene.worker;
  assert.deepEqual(other.messages(), []);
}

export function assertLedgerAtRest(scene: CrashScene, message: Message): void {
  const { rows } = scene;
  assert.deepEqual(rows('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  assert.deepEqual(rows('PRAGMA foreign_key_check'), []);
  // Nothing is in anybody's hands, and nothing waits.
  const commands = message === 'nudge' ? 2 : 1;
  assert.deepEqual(
    rows('SELECT type, state, error FROM commands ORDER BY rowid').map(({ state, error }) => ({ state, error })),
    Array.from({ length: commands }, () => ({ state: 'succeeded', error: null })),
  );
  const attempts = rows('SELECT command_id, state, side_effect_completed AS completed FROM command_attempts');
  assert.deepEqual(
    attempts.filter(({ state }) => state !== 'abandoned').map(({ state, completed }) => ({ state, completed })),
    Array.from({ length: commands }, () => ({ state: 'succeeded', completed: 1 })),
  );
  assert.deepEqual(
    rows(
      'SELECT state, side_effect_started AS started, side_effect_completed AS completed, error FROM routed_notifications',
    ),
    Array.from({ length: 2 }, () => ({ state: 'delivered', started: 1, completed: 1, error: null })),
  );
  const deliveries = rows('SELECT state, reason FROM panel_deliveries');
  assert.equal(deliveries.length, 2);
  for (const { state, reason } of deliveries) {
    assert.ok(['seen', 'answered'].includes(String(state)), JSON.stringify(deliveries));
    assert.equal(reason, null);
  }
  assert.deepEqual(rows('SELECT * FROM panel_backoffs'), []);
  assert.deepEqual(rows("SELECT name FROM panel_leases WHERE name LIKE 'claim:%'"), []);
  const now = Number(process.hrtime.bigint() / 1_000_000n);
  assert.deepEqual(rows(`SELECT name FROM panel_leases WHERE expires_monotonic > ${now}`), []);
  assertEventsPaired(
    rows("SELECT type, command_id, payload_json FROM events WHERE type LIKE 'pane_delivery_%' ORDER BY id"),
  );
}

/** Every hand on a pane is an event before and after, whoever lived to write the second. */
function assertEventsPaired(events: readonly Row[]): void {
  const ended = events.filter(({ type }) => type === 'pane_delivery_ended').length;
  const started = events.filter(({ type }) => type === 'pane_delivery_started').length;
  assert.equal(ended, started, JSON.stringify(events));
}
