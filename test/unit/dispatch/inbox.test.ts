import assert from 'node:assert/strict';
import { LedgerChanges } from '../../../src/core/dispatch/ledgerChanges.ts';
import { type InboxReading, readInbox, settleReading } from '../../../src/core/dispatch/inbox.ts';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { readerMilliseconds } from '../../../src/core/ledger/inboxStore.ts';
import { openLedger } from '../../../src/core/ledger/openLedger.ts';
import { parseInput } from '../../../src/core/operations/argument.ts';
import { workerInbox } from '../../../src/core/operations/inboxes.ts';
import { systemClock } from '../../../src/core/ports/clock.ts';
import { FakeFolderWatcher } from '../../../src/core/ports/folderWatcher.ts';
import { DispatchFixture, type Pair } from './support.ts';

interface Output {
  readonly consumed: { readonly id: number; readonly payload: { readonly message: string } } | null;
  readonly items: readonly { readonly id: number; readonly payload: { readonly message: string } }[];
  readonly wait: { readonly timed_out: boolean; readonly poll_count: number };
}

describe('inboxes', () => {
  let fixture: DispatchFixture;
  let pair: Pair;

  beforeEach(() => {
    fixture = new DispatchFixture();
    pair = fixture.pair('alpha');
  });
  afterEach(() => fixture.dispose());

  async function send(...messages: string[]): Promise<void> {
    for (const message of messages) await fixture.enqueue(pair.task, message);
    await fixture.pass();
  }

  const inbox = async (verb: string, input: Record<string, unknown>) =>
    (await fixture.run(verb, input)) as unknown as Output;
  const consume = () => inbox('worker-inbox', { task: 'alpha', consumeNext: true });
  const words = ({ items }: Output) => items.map(({ payload }) => payload.message);

  it('OD-9: a message whose reader could not write it out is not consumed', async () => {
    await send('one', 'two');
    assert.equal((await consume()).consumed?.payload.message, 'one');
    fixture.temporary.context.settleOutput(false);
    assert.equal((await consume()).consumed?.payload.message, 'one');
    fixture.temporary.context.settleOutput(true);
    assert.equal((await consume()).consumed?.payload.message, 'two');
  });

  it('OD-9: a message whose reader was killed is offered again, under the same id', async () => {
    await send('one');
    const first = await consume();
    fixture.temporary.context.settleOutput = () => {}; // killed: neither written nor given back
    assert.equal((await consume()).consumed, null);
    fixture.clock.advance(readerMilliseconds);
    assert.equal((await consume()).consumed?.id, first.consumed?.id);
  });

  it('OD-9: consumption is on record only once the output was written', async () => {
    await send('one');
    await consume();
    assert.equal(fixture.count('telemetry_events', "event_type = 'dispatch_inbox_consumed'"), 0);
    fixture.temporary.context.settleOutput(true);
    assert.equal(fixture.count('telemetry_events', "event_type = 'dispatch_inbox_consumed'"), 1);
    assert.equal(fixture.value('SELECT consumed_by_session_id FROM routed_notifications'), pair.worker.id);
  });

  it('gives every message to exactly one of many readers', async () => {
    const messages = ['a', 'b', 'c', 'd', 'e', 'f'];
    await send(...messages);
    const readers = Array.from({ length: 12 }, () => openLedger(fixture.ledger.file, fixture.clock.now()).connection);
    const readings = await Promise.all(
      readers.map(async (ledger): Promise<InboxReading> => {
        const deps = { ledger, clock: fixture.clock, host: fixture.temporary.host };
        const reading = await readInbox(deps, request({ consumeNext: true }));
        settleReading(deps, reading, true, false);
        return reading;
      }),
    );
    for (const reader of readers) reader.close();
    const taken = readings.flatMap(({ consumed }) => consumed?.payload.message ?? []);
    assert.deepEqual(taken.toSorted(), messages);
  });

  it('a reader that was too slow does not consume what somebody else has read', async () => {
    await send('one');
    const deps = { ledger: fixture.ledger, clock: fixture.clock, host: fixture.temporary.host };
    const slow = await readInbox(deps, request({ consumeNext: true }));
    fixture.clock.advance(readerMilliseconds);
    const quick = await readInbox(deps, request({ consumeNext: true }));
    settleReading(deps, quick, true, false);
    settleReading(deps, slow, true, false);
    assert.equal(fixture.count('telemetry_events', "event_type = 'dispatch_inbox_consumed'"), 1);
  });

  it('OD-24: the inbox of a task holds no mail of another task', async () => {
    await send('for alpha');
    await fixture.run('unbind', { task: 'alpha' });
    await fixture.run('tasks', { create: 'beta', goal: 'Ship more' });
    await fixture.run('bind', { task: 'beta', worker: pair.worker.name, manager: pair.manager.name });
    assert.equal((await inbox('worker-inbox', { task: 'beta', consumeNext: true })).consumed, null);
    assert.deepEqual(words(await inbox('session-inbox', { session: pair.worker.name })), ['for alpha']);
  });

  it('OD-25: waiting ends with the commit that brings something, not with the next poll', async () => {
    const { connection } = openLedger(fixture.ledger.file, Date.now());
    const watching = readInbox(
      { ledger: connection, clock: systemClock, host: fixture.temporary.host },
      request({ wait: { timeoutSeconds: 60, intervalSeconds: 60 } }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await send('wake up');
    const { items, timedOut } = await watching;
    connection.close();
    assert.deepEqual([items.length, timedOut], [1, false]);
  }).timeout(20_000);

  it('OD-27: somebody who waits, and loses the race for a message, holds no lock', async () => {
    const { connection } = openLedger(fixture.ledger.file, Date.now());
    const interruption = new AbortController();
    const waiting = readInbox(
      { ledger: connection, clock: systemClock, host: fixture.temporary.host },
      {
        ...request({ consumeNext: true, wait: { timeoutSeconds: 60, intervalSeconds: 0.01 } }),
        signal: interruption.signal,
      },
    );
    const host = fixture.temporary.host;
    await send('one');
    const other = await readInbox({ ledger: fixture.ledger, clock: systemClock, host }, request({ consumeNext: true }));
    for (let writes = 0; writes < 20; writes += 1) {
      fixture.ledger.write(() => fixture.ledger.run('UPDATE panel_sequence SET value = value + 1'));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    interruption.abort();
    const waited = await waiting.then(
      ({ consumed }) => consumed,
      () => null,
    );
    connection.close();
    assert.equal([other.consumed, waited].filter(Boolean).length, 1);
  }).timeout(20_000);

  it('looks only after commits of others, and now and then for safety', async () => {
    const watcher = new FakeFolderWatcher();
    const changes = new LedgerChanges(fixture.ledger, systemClock, watcher);
    let woken = 0;
    const next = changes.next(60_000, new AbortController().signal).then(() => (woken += 1));
    watcher.change(); // somebody touched the folder: no commit
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(woken, 0);
    const { connection } = openLedger(fixture.ledger.file, Date.now());
    connection.run('UPDATE panel_sequence SET value = value + 1');
    connection.close();
    watcher.change();
    await next;
    assert.equal(woken, 1);
    changes.close();
    assert.equal(watcher.watching, 0);
  });

  it('OD-31: an interrupted wait is one clear line with the exit status of an interrupt', async () => {
    const interruption = new AbortController();
    const waiting = readInbox(
      { ledger: fixture.ledger, clock: systemClock, host: fixture.temporary.host },
      { ...request({ wait: { timeoutSeconds: 60, intervalSeconds: 60 } }), signal: interruption.signal },
    );
    interruption.abort();
    await assert.rejects(waiting, (error) => ConveyorError.is(error, 'interrupted') && error.exitStatus === 130);
  });

  it('gives up in time, having looked at the beginning and at the end', async () => {
    const { wait } = await inbox('worker-inbox', { task: 'alpha', wait: true, timeout: 1, interval: 5 });
    assert.deepEqual([wait.timed_out, wait.poll_count], [true, 2]);
  });

  it('OD-28: the text shows what was said, and whether the wait was in vain', async () => {
    await send('first line\nsecond line', 'other');
    const shown = await text({ task: 'alpha', consumeNext: true });
    assert.match(
      shown,
      /consumed #1 nudge_worker pull_required from alpha-manager to alpha-worker at .*\n {2}first line\n {2}second line\n/,
    );
    assert.match(shown, /pending: 1\n#2 .*\n {2}other\n$/);
    fixture.temporary.context.settleOutput(true);
    await consume();
    fixture.temporary.context.settleOutput(true);
    assert.match(await text({ task: 'alpha', wait: true, timeout: 0 }), /nothing came within 0 s/);
  });

  it('refuses a negative time-out and an interval of nothing', async () => {
    await assert.rejects(consumeWith({ timeout: -1 }), /--timeout must be non-negative/);
    await assert.rejects(consumeWith({ interval: 0 }), /--interval must be greater than zero/);
  });

  async function text(input: Record<string, unknown>): Promise<string> {
    const output = workerInbox.output().parse(await fixture.run('worker-inbox', input));
    return workerInbox.text?.(output, parseInput(workerInbox.inputs, input), fixture.temporary.context) ?? '';
  }

  const consumeWith = (input: Record<string, unknown>) => fixture.run('worker-inbox', { task: 'alpha', ...input });

  function request(changes: Partial<Parameters<typeof readInbox>[1]> = {}): Parameters<typeof readInbox>[1] {
    return {
      mailbox: { sessionId: pair.worker.id, bindingId: pair.bindingId },
      consumeNext: false,
      limit: 10,
      wait: null,
      signal: new AbortController().signal,
      ...changes,
    };
  }
});
