import type { TimelineEntry } from '../../src/protocol/timeline.ts';
import { aCriterion, anEntry, aSession, aSnapshot, aTask, noCriteria } from '../host/builders.ts';
import type { FakeWorld } from '../host/fakeEngine.ts';

type Beat = readonly [secondsBefore: number, parts: Partial<TimelineEntry>];

const nudge =
  'The test waits for the toast with a fixed sleep. Wait for the request to settle instead, then run it ten times.';

const beats: readonly Beat[] = [
  [1490, { kind: 'command', actor: 'operator', summary: 'start_pair succeeded', state: 'succeeded' }],
  [1471, { kind: 'acknowledgement', actor: 'worker', summary: 'worker acknowledged task contract (revision 1)' }],
  [1463, { kind: 'acknowledgement', actor: 'manager', summary: 'manager acknowledged task contract (revision 1)' }],
  [
    1452,
    {
      kind: 'observe',
      actor: 'manager',
      summary: 'observed session login-flake-worker state busy (staleness 4.0s)',
      state: 'succeeded',
    },
  ],
  [
    1451,
    {
      kind: 'manager_cycle_span',
      actor: 'manager',
      summary: 'cycle #1 phase ingest succeeded in 3.1ms',
      state: 'succeeded',
    },
  ],
  [
    1440,
    {
      kind: 'acceptance_criterion',
      actor: 'worker',
      summary: 'proposed criterion #1: The flake is reproduced with a seed',
    },
  ],
  [
    1431,
    {
      kind: 'acceptance_criterion',
      actor: 'manager',
      summary: 'accepted criterion #1: The flake is reproduced with a seed (proposed -> accepted)',
    },
  ],
  [
    1425,
    {
      kind: 'acceptance_criterion',
      actor: 'manager',
      summary: 'accepted criterion #2: The login test passes ten times in a row',
    },
  ],
  [
    860,
    {
      kind: 'observe',
      actor: 'manager',
      summary: 'observed session login-flake-worker state busy (staleness 31.5s)',
      state: 'succeeded',
    },
  ],
  [
    842,
    {
      kind: 'acceptance_criterion',
      actor: 'manager',
      summary: 'satisfied criterion #1: proof recorded (seed 42 fails 7 of 20 runs)',
    },
  ],
  [
    610,
    {
      kind: 'observe',
      actor: 'manager',
      summary: 'observed session login-flake-worker state idle (staleness 2.2s)',
      state: 'succeeded',
    },
  ],
  [
    604,
    {
      kind: 'decision',
      actor: 'manager',
      summary: 'decision nudge: the fix sleeps longer instead of waiting for the request',
      correlationId: 'corr-7c15',
    },
  ],
  [
    603,
    {
      kind: 'command',
      actor: 'manager',
      summary: `nudge_worker: ${nudge}`,
      state: 'succeeded',
      toward: 'worker',
      correlationId: 'corr-7c15',
    },
  ],
  [
    603,
    {
      kind: 'command_attempt',
      actor: 'dispatch',
      summary: 'dispatch attempt succeeded: command-f391849c',
      state: 'succeeded',
      correlationId: 'corr-7c15',
    },
  ],
  [
    602,
    {
      kind: 'routed_notification',
      actor: 'dispatch',
      summary: 'message typed, submitted and seen in the worker’s log',
      state: 'delivered',
      toward: 'worker',
      correlationId: 'corr-7c15',
    },
  ],
  [
    588,
    {
      kind: 'observe',
      actor: 'manager',
      summary: 'observed session login-flake-worker state busy (staleness 1.1s)',
      state: 'succeeded',
    },
  ],
  [
    402,
    {
      kind: 'command',
      actor: 'operator',
      summary: 'nudge from VS Code: please also keep the old selector working',
      state: 'succeeded',
      toward: 'worker',
    },
  ],
  [
    210,
    {
      kind: 'routed_notification',
      actor: 'worker',
      summary: 'turn completed: “All ten runs pass. The selector is unchanged.”',
      toward: 'manager',
      state: 'consumed',
    },
  ],
  [
    205,
    {
      kind: 'observe',
      actor: 'manager',
      summary: 'observed session login-flake-worker state idle (staleness 5.0s)',
      state: 'succeeded',
    },
  ],
  [150, { kind: 'command', actor: 'manager', summary: 'interrupt_worker failed', state: 'failed', toward: 'worker' }],
  [96, { kind: 'decision', actor: 'manager', summary: 'decision wait: the worker runs the suite a second time' }],
  [
    22,
    {
      kind: 'observe',
      actor: 'manager',
      summary: 'observed session login-flake-worker state busy (staleness 3.4s)',
      state: 'succeeded',
    },
  ],
  [
    4,
    {
      kind: 'command',
      actor: 'manager',
      summary: 'nudge_worker: record the ten runs as evidence',
      state: 'pending',
      toward: 'worker',
    },
  ],
];

/** A pair in the middle of its work: what the demo looks like a few minutes in. */
export function pairAtWork(now = new Date()): FakeWorld {
  const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();
  const task = aTask({
    criteria: { ...noCriteria, accepted: 1, satisfied: 1, proposed: 1, deferred: 1 },
    lastCycle: { id: 6, at: ago(22), outcome: 'succeeded', workerState: 'busy', error: null },
    deliveries: [
      {
        commandId: 'command-77',
        target: 'login-flake-worker',
        state: 'queued',
        reason: 'the worker is typing',
        at: ago(4),
      },
    ],
    timelineVersion: beats.length,
  });
  return {
    snapshot: aSnapshot({
      tasks: [
        task,
        aTask({
          id: 'task-2',
          name: 'docs-links',
          goal: 'No dead link in docs/',
          state: 'done',
          worker: null,
          manager: null,
          criteria: { ...noCriteria, satisfied: 2 },
        }),
      ],
      sessions: [
        aSession({ observedAt: ago(12) }),
        aSession({ name: 'login-flake-manager', role: 'manager', state: 'idle', observedAt: ago(21), pid: 4790 }),
        aSession({
          name: 'scratch',
          state: 'unknown',
          source: 'none',
          observedAt: null,
          task: null,
          note: 'Its rollout could not be told from two others.',
          cwd: '/work/elsewhere',
        }),
      ],
      criteria: [
        aCriterion({
          id: 1,
          status: 'satisfied',
          text: 'The flake is reproduced with a seed',
          source: 'worker_proposed',
          proof: 'seed 42 fails 7 of 20 runs',
          evidence: '{\n  "command": "npm test -- --seed 42",\n  "failed": 7,\n  "runs": 20\n}',
        }),
        aCriterion({ id: 2, text: 'The login test passes ten times in a row' }),
        aCriterion({
          id: 3,
          status: 'proposed',
          text: 'The suite is not slower than before',
          source: 'worker_proposed',
        }),
        aCriterion({
          id: 4,
          status: 'deferred',
          text: 'Other sleeps in the suite are gone',
          source: 'user_requested',
          rationale: 'Belongs to the next task',
        }),
      ],
    }),
    timeline: beats.map(([seconds, parts], index) =>
      anEntry({ id: `entry:${index}`, at: ago(seconds), state: null, details: detailsOf(parts), ...parts }),
    ),
  };
}

/** The same pair with the worker waiting for the person. */
export function pairWaiting(now = new Date()): FakeWorld {
  const world = pairAtWork(now);
  const message = 'login-flake-worker asks whether it may run npm test.';
  const since = now.toISOString();
  return {
    ...world,
    snapshot: {
      ...world.snapshot,
      attention: [
        { id: 'approval-1', kind: 'approval', message, session: 'login-flake-worker', task: 'login-flake', since },
      ],
    },
  };
}

function detailsOf(parts: Partial<TimelineEntry>): TimelineEntry['details'] {
  if (parts.kind === 'decision') {
    return [
      { label: 'Decision', value: parts.summary?.split(':')[0]?.replace('decision ', '') ?? '' },
      { label: 'Cycle', value: '#4' },
    ];
  }
  if (parts.toward === 'worker') {
    return [
      { label: 'Command', value: 'command-f391849c' },
      { label: 'Attempts', value: '1 of 3' },
      { label: 'Message', value: `${nudge}\n\nThen record what you saw.` },
    ];
  }
  return [];
}
