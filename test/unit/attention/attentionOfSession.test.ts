import assert from 'node:assert/strict';
import { initialTurnState, reduceTurn } from '../../../src/core/domain/turnState.ts';
import { initialWorkerState } from '../../../src/core/domain/workerState.ts';
import { attentionOfSession } from '../../../src/core/supervise/attention.ts';
import { blindView } from '../../../src/core/supervise/observe.ts';
import { systemHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { sessionFixture, type SessionFixture } from '../support/sessionFixture.ts';

const minute = 60_000;

describe('the attention of a session of the ledger', () => {
  let fixture: SessionFixture;
  beforeEach(() => {
    fixture = sessionFixture();
  });
  afterEach(() => fixture.dispose());

  /** A turn that began a minute ago, and a composer in front of a process that lives; `jump`: the clock was set since. */
  function stateAfter({ registered, jump }: { readonly registered: number; readonly jump: number }): string {
    const { ledger } = fixture.context;
    const session = fixture.session('w1');
    const now = Date.now();
    // This very process stands for Codex: its start is reckoned from the clock.
    ledger.run('UPDATE panel_sessions SET process_start = ?, registered_at = ? WHERE session_id = ?', [
      systemHostFacts.startTime(process.pid),
      new Date(now + registered).toISOString(),
      session.id,
    ]);
    const start = { kind: 'turnStarted', turnId: 't', at: new Date(now - minute).toISOString() } as const;
    const observation = {
      alive: true,
      reason: 'seen',
      age_seconds: 0,
      pane: { ...blindView('', false), captured: true, problem: null, screen: 'composer_ready' },
    };
    const state = {
      firstEventId: 0,
      lastEventId: 0,
      worker: initialWorkerState,
      turn: reduceTurn(initialTurnState, start),
      lastIngestedAt: null,
      endedByEventId: null,
    };
    return attentionOfSession(ledger, { session, state, observation, now: now + jump }).state;
  }

  it('a turn of before its process was cut off, and one of its own is not because the clock was set forward', () => {
    assert.equal(stateAfter({ registered: 1000, jump: 2000 }), 'idle');
    assert.equal(stateAfter({ registered: -2 * minute, jump: 60 * minute }), 'stalled');
    assert.equal(stateAfter({ registered: -2 * minute, jump: 2 * minute }), 'working');
  });
});
