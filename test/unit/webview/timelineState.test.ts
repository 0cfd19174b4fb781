import assert from 'node:assert/strict';

import * as fc from 'fast-check';

import type { TimelineEntry } from '../../../src/protocol/timeline.ts';
import type { TimelineScene } from '../../../src/protocol/timelineView.ts';
import { kindLook, stateMark } from '../../../webview/timeline/state/kinds.ts';
import { laneOf } from '../../../webview/timeline/state/lanes.ts';
import { dayGroups } from '../../../webview/timeline/state/rows.ts';
import {
  initialState,
  laneCounts,
  reduce,
  selectedEntry,
  type TimelineState,
  visibleEntries,
} from '../../../webview/timeline/state/timelineState.ts';
import { anEntry, noCriteria } from '../../host/builders.ts';

const entryAt = (index: number, parts: Partial<TimelineEntry> = {}) =>
  anEntry({
    id: `e${index}`,
    at: new Date(Date.UTC(2026, 10, 26, 9, 0, index)).toISOString(),
    summary: `event ${index}`,
    ...parts,
  });
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => entryAt(from + index));

function scene(entries: readonly TimelineEntry[], olderCursor: string | null = null): TimelineScene {
  return {
    kind: 'ready',
    task: 't',
    goal: 'g',
    state: 'managed',
    criteria: noCriteria,
    actors: [],
    page: { entries: [...entries], olderCursor, total: entries.length },
    staleReason: null,
  };
}

const shown = (state: TimelineState, entries: readonly TimelineEntry[], cursor: string | null = null) =>
  reduce(state, { kind: 'sceneShown', scene: scene(entries, cursor) });
const ids = (state: TimelineState) => state.entries.map(({ id }) => id);

describe('the state of the timeline', () => {
  it('appends what is new to what it has, and takes over what changed', () => {
    const first = shown(initialState({}), range(0, 10), '0');
    const next = shown(first, [...range(5, 9), entryAt(9, { state: 'failed' }), ...range(10, 12)], '5');
    assert.deepEqual(
      ids(next),
      range(0, 12).map(({ id }) => id),
    );
    assert.equal(next.entries[9]?.state, 'failed');
    assert.equal(next.olderCursor, '0');
  });

  it('starts over when what came lies beyond what it has, so that no gap is hidden', () => {
    const first = shown(initialState({}), range(0, 10), null);
    const next = shown(first, range(300, 310), '300');
    assert.deepEqual(
      ids(next),
      range(300, 310).map(({ id }) => id),
    );
    assert.equal(next.olderCursor, '300');
  });

  it('puts earlier entries before, once, and knows when there are no more', () => {
    const first = reduce(shown(initialState({}), range(5, 10), '5'), { kind: 'olderRequested' });
    assert.equal(first.isLoadingOlder, true);
    const next = reduce(first, { kind: 'olderLoaded', page: { entries: range(0, 6), olderCursor: null, total: 10 } });
    assert.deepEqual(
      ids(next),
      range(0, 10).map(({ id }) => id),
    );
    assert.deepEqual([next.olderCursor, next.isLoadingOlder], [null, false]);
  });

  it('can ask again after earlier entries could not be read', () => {
    const state = reduce(reduce(shown(initialState({}), range(5, 10), '5'), { kind: 'olderRequested' }), {
      kind: 'olderFailed',
    });
    assert.deepEqual([state.isLoadingOlder, state.olderCursor], [false, '5']);
  });

  it('counts what comes in while one looks elsewhere, until one returns', () => {
    const away = reduce(shown(initialState({}), range(0, 10)), { kind: 'scrolled', isAtEnd: false });
    const more = shown(shown(away, range(0, 12)), range(0, 13));
    assert.equal(more.unseen, 3);
    assert.equal(reduce(more, { kind: 'scrolled', isAtEnd: true }).unseen, 0);
  });

  it('keeps entries, filter and selection over a failure', () => {
    const state = reduce(shown(initialState({ actor: 'worker' }), range(0, 3)), { kind: 'entrySelected', id: 'e1' });
    const failed = reduce(state, {
      kind: 'sceneShown',
      scene: { kind: 'failed', task: 't', message: 'm', remedy: null, canRetry: true },
    });
    const back = shown(failed, range(0, 4));
    assert.deepEqual([back.lane, selectedEntry(back)?.id, back.entries.length], ['worker', 'e1', 4]);
  });

  it('hides mechanics until asked, and never within a chain', () => {
    const entries = [
      entryAt(0, { correlationId: 'c' }),
      entryAt(1, { kind: 'command_attempt', correlationId: 'c' }),
      entryAt(2),
    ];
    const state = shown(initialState({}), entries);
    assert.equal(visibleEntries(state).length, 2);
    assert.equal(visibleEntries(reduce(state, { kind: 'mechanicsToggled' })).length, 3);
    assert.deepEqual(
      visibleEntries(reduce(state, { kind: 'chainChosen', correlationId: 'c' })).map(({ id }) => id),
      ['e0', 'e1'],
    );
  });

  it('shows of a lane exactly what its count says', () => {
    const actors = [
      'worker',
      'manager',
      'dispatch',
      'operator',
      'workerctl',
      'reviewer',
      'manager -> worker',
      'new-actor',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...actors)), fc.boolean(), (some, showsMechanics) => {
        const state = shown(
          initialState({ showsMechanics }),
          some.map((actor, index) => entryAt(index, { actor })),
        );
        for (const [lane, count] of Object.entries(laneCounts(state))) {
          const chosen = initialState({ actor: lane }).lane;
          assert.equal(visibleEntries({ ...state, lane: chosen }).length, count);
        }
      }),
    );
  });

  it('holds one unbroken run that ends with the newest entry, however fast the log grows', () => {
    const pageSize = 20;
    fc.assert(
      fc.property(fc.array(fc.nat(45), { minLength: 1 }), (growths) => {
        let state = initialState({});
        let total = 0;
        for (const growth of growths) {
          total += growth;
          state = shown(state, range(Math.max(0, total - pageSize), total), '0');
          const held = ids(state);
          assert.deepEqual(
            held,
            range(total - held.length, total).map(({ id }) => id),
          );
        }
      }),
    );
  });
});

describe('what entries look like', () => {
  it('puts a legacy actor on the lane of who acts, and an unknown one on our own', () => {
    assert.deepEqual(['manager -> worker', 'reviewer', 'operator', 'dispatch', 'martian'].map(laneOf), [
      'manager',
      'manager',
      'you',
      'conveyor',
      'conveyor',
    ]);
  });

  it('shows a kind that it does not know under its own name', () => {
    assert.deepEqual(kindLook('rotor_spin'), { title: 'rotor spin', weight: 'step' });
    assert.deepEqual(kindLook('pane_delivery_started').weight, 'mechanics');
  });

  it('marks a state that it does not know as open, never as fine', () => {
    assert.deepEqual(
      [stateMark('answered'), stateMark('failed'), stateMark('martian'), stateMark(null)],
      ['ok', 'bad', 'open', null],
    );
  });

  it('begins a day once, and marks a pause of minutes', () => {
    const entries = [
      anEntry({ id: 'a', at: '2026-11-24T12:00:00Z' }),
      anEntry({ id: 'b', at: '2026-11-24T12:01:00Z' }),
      anEntry({ id: 'c', at: '2026-11-24T12:20:00Z' }),
      anEntry({ id: 'd', at: '2026-11-26T12:00:00Z' }),
    ];
    const days = dayGroups(entries, new Date('2026-11-26T13:00:00Z'));
    assert.equal(days.length, 2);
    assert.deepEqual(
      days[0]?.rows.map(({ key }) => key),
      ['a', 'b', 'pause c', 'c'],
    );
    assert.equal(days[1]?.label, 'Today');
  });
});
