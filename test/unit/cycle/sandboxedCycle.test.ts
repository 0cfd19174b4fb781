import assert from 'node:assert/strict';
import { acquireLease, leadershipLease } from '../../../src/core/ledger/leaseStore.ts';
import { type Observation, storeObservation } from '../../../src/core/ledger/observationStore.ts';
import { cycle } from '../../../src/core/operations/cycle.ts';
import { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import type { CycleOutput } from '../../../src/core/supervise/cycle.ts';
import { FakeHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { type SessionFixture, sessionFixture } from '../support/sessionFixture.ts';

const alive: Observation = {
  alive: true,
  reason: 'process 4119 lives',
  pane: {
    captured: true,
    problem: null,
    expected: true,
    screen: 'busy',
    dialog: null,
    notice: null,
    pattern: { fresh: null, old: null, unknown: null },
  },
};

describe('cycle from inside a sandbox', () => {
  let fixture: SessionFixture;

  beforeEach(() => {
    fixture = sessionFixture();
    fixture.bind('alpha');
  });

  afterEach(() => fixture.dispose());

  /** In there no process of the outside lives. */
  const runInside = async (): Promise<CycleOutput> => {
    const { clock, folder, context, processes } = fixture;
    const inside = new HostedContext({
      surface: 'cli',
      cwd: folder,
      variables: { CODEX_SANDBOX: 'linux' },
      clock,
      host: new FakeHostFacts(),
      processes,
      ledger: context.ledger,
    });
    return (await runOperation(cycle, inside, { task: 'alpha' })) as CycleOutput;
  };
  const observed = (observation: Observation) => {
    const { ledger } = fixture.context;
    for (const name of ['w1', 'm1']) {
      storeObservation(ledger, fixture.session(name).id, observation, { observedBy: 'vscode-1', at: fixture });
    }
  };

  it('OD-46: believes the supervisor, not its own eyes', async () => {
    const request = { holder: 'vscode-1', kind: 'window', milliseconds: 10_000 } as const;
    acquireLease(fixture.context.ledger, fixture, leadershipLease, request);
    observed(alive);
    fixture.clock.advance(3000);
    const output = await runInside();
    assert.equal(output.worker_alive, true);
    assert.equal(output.manager_alive, true);
    assert.equal(output.observed_by, 'vscode-1');
    assert.equal(output.pane_signal.captured, true);
    assert.equal(output.observation.worker?.age_seconds, 3);
    assert.match(output.observation.note ?? '', /vscode-1/);
    assert.deepEqual(fixture.processes.calls, [], 'no tmux from in there');
  });

  it('says that nobody can tell when no supervisor looked, or not lately', async () => {
    for (const prepare of [() => {}, () => (observed(alive), fixture.clock.advance(60_000))]) {
      prepare();
      const output = await runInside();
      assert.equal(output.worker_alive, null);
      assert.equal(output.observed_by, 'nobody');
      assert.equal(output.pane_signal.degraded, true);
      assert.match(output.observation.note ?? '', /no supervisor lives/);
    }
  });
});
