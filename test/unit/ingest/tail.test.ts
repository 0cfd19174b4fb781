import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { ingest } from '../../../src/core/operations/ingest.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { tail } from '../../../src/core/operations/tail.ts';
import { event, type SessionFixture, sessionFixture } from '../support/sessionFixture.ts';

describe('ingest and tail', () => {
  let fixture: SessionFixture;

  beforeEach(async () => {
    fixture = sessionFixture();
    appendFileSync(
      fixture.rollout,
      event('user_message', { message: 'the secret plan' }) +
        event('exec_command_end', { command: ['cat', 'secret'], aggregated_output: 'the secret plan', exit_code: 0 }) +
        event('task_complete', { last_agent_message: 'the secret plan', turn_id: 'turn-1' }),
    );
    const output = await runOperation(ingest, fixture.context, { name: 'w1' });
    assert.deepEqual(ingest.output().parse(output), output);
  });

  afterEach(() => fixture.dispose());

  const show = async (input: object = {}) => {
    const output = await runOperation(tail, fixture.context, { name: 'w1', ...input });
    return tail.output().parse(output);
  };

  it('OD-33: tail prints no word of anybody unless content is asked for', async () => {
    const shown = await show();
    assert.deepEqual(
      shown.map(({ subtype }) => subtype),
      ['task_complete', 'exec_command_end', 'user_message', null],
    );
    assert.doesNotMatch(JSON.stringify(shown), /secret/);
    assert.equal(shown[0]?.payload.turn_id, 'turn-1');
    assert.equal(shown[0]?.payload.last_agent_message_byte_count, 15);
    assert.match(JSON.stringify(await show({ includeContent: true })), /secret plan.*secret plan.*secret plan/);
  });

  it('limits and filters, and leaves a trace', async () => {
    assert.equal((await show({ limit: 2 })).length, 2);
    assert.equal((await show({ limit: 0 })).length, 0);
    assert.equal((await show({ limit: -1 })).length, 4);
    assert.deepEqual(
      (await show({ subtype: 'task_complete' })).map(({ subtype }) => subtype),
      ['task_complete'],
    );
    const traces = "SELECT count(*) AS n FROM telemetry_events WHERE event_type = 'codex_events_tail_read'";
    assert.deepEqual(fixture.rows(traces), [{ n: 4 }]);
  });

  it('refuses a session that nobody registered', async () => {
    for (const operation of [ingest, tail]) {
      await assert.rejects(runOperation(operation, fixture.context, { name: 'ghost' }), (error) =>
        ConveyorError.is(error, 'unknown_session'),
      );
    }
  });
});
