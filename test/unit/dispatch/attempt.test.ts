import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { abandonedLimit, advance, type CommandEvent, type CommandProgress } from '../../../src/core/domain/attempt.ts';

const queued: CommandProgress = { state: 'pending', attempts: 0, abandoned: 0, attempt: null };

function after(...events: CommandEvent[]): CommandProgress | null {
  return events.reduce<CommandProgress | null>((command, event) => command && advance(command, event), queued);
}

describe('a command and its attempt', () => {
  it('OD-20: goes back into the queue when its dispatcher died before anything began, at no cost', () => {
    const lost = after({ kind: 'claimed' }, { kind: 'lost', evidence: 'unknown' });
    assert.deepEqual([lost?.state, lost?.attempts, lost?.attempt?.state], ['pending', 0, 'abandoned']);
  });

  it('is given up when dispatcher after dispatcher dies of it', () => {
    let command = queued;
    for (let death = 1; death <= abandonedLimit; death += 1) {
      command = advance(command, { kind: 'claimed' }) ?? command;
      command = advance(command, { kind: 'lost', evidence: 'unknown' }) ?? command;
    }
    assert.equal(command.state, 'failed');
  });

  it('that began and was lost is decided by what is found, never by trying again on a guess', () => {
    const lost = (evidence: 'arrived' | 'absent' | 'undecided' | 'unknown') =>
      after({ kind: 'claimed' }, { kind: 'began' }, { kind: 'lost', evidence })?.state;
    assert.deepEqual(
      [lost('arrived'), lost('absent'), lost('undecided'), lost('unknown')],
      ['succeeded', 'pending', 'attempted', 'failed'],
    );
  });

  it('is not put off once it has begun', () => {
    assert.equal(after({ kind: 'claimed' }, { kind: 'began' }, { kind: 'deferred' }), null);
  });

  it('never leaves a final state, never counts below zero, never loses a begun effect, in any order of events', () => {
    const completed = fc.boolean();
    const event: fc.Arbitrary<CommandEvent> = fc.oneof(
      fc.constant({ kind: 'claimed' as const }),
      fc.constant({ kind: 'began' as const }),
      fc.constant({ kind: 'deferred' as const }),
      fc.record({ kind: fc.constantFrom('succeeded' as const, 'failed' as const), completed }),
      fc.constant({ kind: 'blocked' as const }),
      fc.record({
        kind: fc.constant('lost' as const),
        evidence: fc.constantFrom('arrived' as const, 'absent' as const, 'undecided' as const, 'unknown' as const),
      }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let command = queued;
        for (const one of events) {
          const next = advance(command, one);
          const isFinal = command.state !== 'pending' && command.state !== 'attempted';
          if (isFinal) assert.equal(next, null);
          if (next === null) continue;
          assert.ok(next.attempts >= 0);
          assert.equal(next.state === 'attempted', next.attempt?.state === 'running');
          const hadBegun = command.attempt?.state === 'running' && command.attempt.started;
          // Back into the queue after it had begun only where it is known not to have arrived.
          if (hadBegun && next.state === 'pending') assert.ok(one.kind === 'lost' && one.evidence === 'absent');
          command = next;
        }
      }),
    );
  });
});
