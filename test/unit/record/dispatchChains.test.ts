import assert from 'node:assert/strict';

import { dispatchChains } from '../../../src/core/record/dispatchChains.ts';
import type {
  DispatchHealthRows,
  HealthAttempt,
  HealthCommand,
  HealthNotification,
} from '../../../src/core/ledger/dispatchHealthStore.ts';

type Rows = Pick<DispatchHealthRows, 'commands' | 'attempts' | 'notifications' | 'decisions'>;

const command: HealthCommand = {
  id: 'c1',
  type: 'nudge_worker',
  state: 'succeeded',
  created_at: '2026-01-02T03:04:05Z',
  correlation_id: 'chain-1',
  payload: { message: 'never shown', manager_decision: { decision_id: 3 } },
  result: null,
  delivery_state: 'answered',
  delivery_reason: null,
  seen_at: null,
  answered_at: null,
};

const attempt: HealthAttempt = {
  id: 8,
  command_id: 'c1',
  dispatcher_id: 'd1',
  state: 'succeeded',
  started_at: '2026-01-02T03:04:06Z',
  result: null,
  side_effect_started: true,
  side_effect_completed: true,
};

const notification: HealthNotification = {
  id: 5,
  command_id: null,
  correlation_id: 'chain-2',
  signal_type: 'worker_task_complete',
  state: 'delivered',
  delivery_mode: 'pull_required',
  created_at: '2026-01-02T03:05:00Z',
  delivered_at: null,
  consumed_at: '2026-01-02T03:06:00Z',
  consumed_manager_cycle_id: 2,
  source_event_id: 40,
  target: 'm1',
};

const rows = (change: Partial<Rows> = {}): Rows => ({
  commands: [command],
  attempts: [attempt],
  notifications: [notification],
  decisions: [{ id: 3, decision: 'nudge', manager_cycle_id: 2 }],
  ...change,
});

describe('the chains of a task', () => {
  it('are the newest first, each with what it is tied to', () => {
    const chains = dispatchChains(rows(), 12).map(({ conversation, ...facts }) => ({
      ...facts,
      conversation: conversation.map(({ kind, label, detail }) => `${kind}: ${label}, ${detail}`),
    }));
    const common = { cycleId: 2, decisionId: 3, isAtRisk: false, blocked: null };
    assert.deepEqual(chains, [
      {
        ...common,
        key: 'notification 5',
        at: '2026-01-02T03:05:00Z',
        title: 'worker_task_complete',
        state: 'delivered',
        correlationId: 'chain-2',
        sourceEventId: 40,
        attempts: 0,
        notifications: 1,
        conversation: [
          'routed_notification: Told m1, notification #5 read, waits in the inbox',
          'manager_cycle: Manager read it, in cycle #2',
          'manager_decision: Manager decided to nudge, decision #3',
        ],
      },
      {
        ...common,
        key: 'c1',
        at: '2026-01-02T03:04:05Z',
        title: 'nudge_worker',
        state: 'succeeded',
        correlationId: 'chain-1',
        sourceEventId: null,
        attempts: 1,
        notifications: 0,
        conversation: [
          'manager_decision: Manager decided to nudge, decision #3',
          'dispatch_attempt: d1 took it, attempt #8 succeeded, carried out',
          'worker_receipt: A turn answered it, delivery answered',
        ],
      },
    ]);
  });

  it('say when something was begun of which nobody knows the end', () => {
    const begun = { ...attempt, state: 'running', side_effect_completed: false } as const;
    const [chain] = dispatchChains(rows({ attempts: [begun], notifications: [] }), 12);
    assert.equal(chain?.isAtRisk, true);
  });

  it('say what a loop lacks before it may go on, and no words of anybody', () => {
    const result = { reason: 'missing_evidence', missing_evidence: ['ci_green', 'merge'], note: 'never shown' };
    const blocked = { ...attempt, state: 'blocked', result } as const;
    const chains = dispatchChains(rows({ attempts: [blocked] }), 12);
    assert.equal(chains.at(-1)?.blocked, 'missing evidence; evidence is missing: ci_green, merge');
    assert.equal(JSON.stringify(chains).includes('never shown'), false);
  });

  it('leave out commands that are tied to nothing, and what is beyond the newest', () => {
    const alone = { ...command, id: 'c2', correlation_id: null, payload: {} };
    assert.deepEqual(dispatchChains({ commands: [alone], attempts: [], notifications: [], decisions: [] }, 12), []);
    assert.equal(dispatchChains(rows(), 1).length, 1);
  });
});
