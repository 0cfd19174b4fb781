import assert from 'node:assert/strict';
import { Leadership, leadershipTerm } from '../../../src/core/engine/leadership.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

describe('Leadership', () => {
  let fixture: TemporaryContext;

  beforeEach(() => {
    fixture = temporaryContext();
  });

  afterEach(() => fixture.dispose());

  const engine = (holder: string, kind: 'window' | 'headless') =>
    new Leadership(fixture.context.ledger, fixture, holder, kind);

  it('belongs to one engine until its term ends without renewal', () => {
    const [first, second] = [engine('vscode-1', 'window'), engine('vscode-2', 'window')];
    assert.equal(first.tick(), true);
    assert.equal(second.tick(), false);
    fixture.clock.advance(leadershipTerm - 1);
    assert.equal(first.tick(), true);
    fixture.clock.advance(leadershipTerm);
    assert.equal(second.tick(), true);
    assert.equal(first.tick(), false);
    assert.equal(first.stillLeads(), false);
  });

  it('goes from a headless watcher to a window at once, and never the other way', () => {
    const [watcher, window] = [engine('dispatch-local', 'headless'), engine('vscode-1', 'window')];
    watcher.tick();
    assert.equal(window.tick(), true);
    assert.equal(watcher.tick(), false);
  });

  it('is free at once when it was released', () => {
    const [first, second] = [engine('vscode-1', 'window'), engine('vscode-2', 'window')];
    first.tick();
    first.release();
    assert.equal(second.tick(), true);
  });

  it('neither ends nor lives on because the wall clock jumps', () => {
    const [first, second] = [engine('vscode-1', 'window'), engine('vscode-2', 'window')];
    first.tick();
    fixture.clock.wall += 3_600_000;
    assert.equal(second.tick(), false);
    fixture.clock.wall -= 7_200_000;
    assert.equal(first.tick(), true);
  });

  it('does not outlive the boot it was taken in', () => {
    engine('vscode-1', 'window').tick();
    fixture.host.bootId = 'boot-2';
    fixture.clock.uptime = 5;
    assert.equal(engine('vscode-2', 'window').tick(), true);
  });
});
