import assert from 'node:assert/strict';
import { readModelError } from '../../../src/core/codex/readModelError.ts';
import { readTurnEvent } from '../../../src/core/codex/readTurnEvent.ts';
import type { JsonObject } from '../../../src/core/domain/json.ts';

const read = (type: string, payload: JsonObject) => readTurnEvent({ timestamp: 't', type, payload });
const readEvent = (payload: JsonObject) => read('event_msg', payload);
const readItem = (payload: JsonObject) => read('response_item', payload);

describe('the meaning of a rollout record', () => {
  it('is the same for legacy events and paginated items', () => {
    const words = [
      { type: 'text', text: 'one ' },
      { type: 'text', text: 'two' },
    ];
    assert.deepEqual(readEvent({ type: 'user_message', message: 'one two', kind: 'plain' }), {
      at: 't',
      kind: 'userMessageSeen',
      turnId: null,
      text: 'one two',
    });
    assert.deepEqual(
      readEvent({ type: 'item_completed', turn_id: 'a', item: { type: 'UserMessage', content: words } }),
      {
        at: 't',
        kind: 'userMessageSeen',
        turnId: 'a',
        text: 'one two',
      },
    );
    assert.deepEqual(readEvent({ type: 'agent_message', message: 'hi' }).kind, 'agentMessageSeen');
    const agent = { type: 'AgentMessage', content: [{ type: 'Text', text: 'hi' }] };
    assert.deepEqual(readEvent({ type: 'item_completed', turn_id: 'a', item: agent }), {
      at: 't',
      kind: 'agentMessageSeen',
      turnId: 'a',
      text: 'hi',
    });
  });

  it('counts as the words of a person only what a person said', () => {
    const userItem = (words: string) =>
      readItem({ type: 'message', role: 'user', content: [{ type: 'input_text', text: words }] });
    for (const added of [
      '<environment_context>\n  <cwd>/work</cwd>',
      '<turn_aborted>\nThe user interrupted',
      '<hook_prompt hook_run_id="stop:0">Please',
      '<subagent_notification>\n{}',
      '<user_instructions>x',
      '# AGENTS.md instructions for /work/demo\n',
    ]) {
      assert.equal(userItem(added).kind, 'other', added);
    }
    assert.equal(userItem('<div> is broken').kind, 'userItemSeen');
    assert.equal(readEvent({ type: 'user_message', kind: 'environment_context', message: 'x' }).kind, 'other');
    const hook = { type: 'HookPrompt', fragments: [{ text: 'Please' }] };
    assert.equal(readEvent({ type: 'item_completed', turn_id: 'a', item: hook }).kind, 'other');
    assert.equal(readItem({ type: 'message', role: 'developer', content: [] }).kind, 'other');
  });

  it('pairs calls of every kind with their outputs', () => {
    for (const type of ['function_call', 'custom_tool_call', 'local_shell_call', 'tool_search_call']) {
      assert.deepEqual(readItem({ type, call_id: 'c1', name: 'shell' }), {
        at: 't',
        kind: 'toolStarted',
        turnId: null,
        callId: 'c1',
        name: 'shell',
      });
    }
    for (const type of ['function_call_output', 'custom_tool_call_output', 'tool_search_output']) {
      assert.deepEqual(readItem({ type, call_id: 'c1', output: 'x' }), { at: 't', kind: 'toolEnded', callId: 'c1' });
    }
    assert.equal(readItem({ type: 'web_search_call', status: 'completed' }).kind, 'other');
  });

  it('knows from the head how turns end', () => {
    const grammar = (payload: JsonObject) => {
      const event = read('session_meta', payload);
      return event.kind === 'sessionStarted' ? event.grammar : event.kind;
    };
    assert.equal(grammar({ id: 'a', cli_version: '0.40.0' }), 'unmarked');
    assert.equal(grammar({ id: 'a', cli_version: '0.98.0' }), 'unmarked');
    assert.equal(grammar({ id: 'a', cli_version: '0.101.0' }), 'marked');
    assert.equal(grammar({ id: 'a', cli_version: '0.169.0-alpha.3' }), 'marked');
    assert.equal(grammar({ id: 'a', cli_version: '1.0.2' }), 'marked');
    assert.equal(grammar({ id: 'a', cli_version: '0.0.0' }), 'unknown');
    assert.equal(grammar({ id: 'a', cwd: '/srv' }), 'unknown');
    assert.equal(grammar({ id: 'a', timestamp: 't', instructions: null, git: null }), 'flat');
  });

  it('reads rate limits nested and flat, and their absence', () => {
    const limits = (rate_limits: JsonObject | null) => {
      const event = readEvent({ type: 'token_count', info: null, rate_limits });
      return event.kind === 'usageSeen' ? event.rateLimits : event.kind;
    };
    assert.deepEqual(
      limits({ primary: { used_percent: 96, window_minutes: 300, resets_at: 1795344117 }, secondary: null }),
      {
        primary: { usedPercent: 96, windowMinutes: 300, resetsAt: 1795344117 },
        secondary: null,
      },
    );
    assert.deepEqual(limits({ primary_used_percent: 96, secondary_used_percent: 20, primary_window_minutes: 300 }), {
      primary: { usedPercent: 96, windowMinutes: 300, resetsAt: null },
      secondary: { usedPercent: 20, windowMinutes: null, resetsAt: null },
    });
    assert.equal(limits({ limit_id: 'codex', primary: null, secondary: null }), null);
    assert.equal(limits(null), null);
  });

  it('keeps what it does not know', () => {
    assert.deepEqual(read('mystery', { type: 'task_started' }), {
      at: 't',
      kind: 'other',
      type: 'mystery',
      subtype: 'task_started',
    });
    assert.deepEqual(readEvent({ type: 5 }), { at: 't', kind: 'other', type: 'event_msg', subtype: null });
    assert.equal(readEvent({ type: 'item_completed' }).kind, 'other');
    assert.equal(readEvent({}).kind, 'other');
  });
});

describe('a model error', () => {
  it('has one of a closed set of kinds, whichever way the version names it', () => {
    const kind = (codex_error_info: JsonObject | string | null, message = '') =>
      readModelError({ message, codex_error_info }).kind;
    assert.equal(kind('usage_limit_exceeded'), 'usage_limit');
    assert.equal(kind('rate_limit_exceeded'), 'rate_limit');
    assert.equal(kind('server_overloaded'), 'overloaded');
    assert.equal(kind('internal_server_error'), 'server_error');
    assert.equal(kind('context_window_exceeded'), 'context_window');
    assert.equal(kind({ response_too_many_failed_attempts: { http_status_code: 429 } }), 'rate_limit');
    assert.equal(kind({ http_connection_failed: { http_status_code: 401 } }), 'auth');
    assert.equal(kind({ http_connection_failed: { http_status_code: 502 } }), 'server_error');
    assert.equal(kind({ response_stream_disconnected: { http_status_code: null } }), 'other');
    assert.equal(kind('other', 'unexpected status 401 Unauthorized: no'), 'auth');
    assert.equal(kind('other', 'stream disconnected before completion: Rate limit reached for m'), 'rate_limit');
    assert.equal(kind('other', 'exceeded retry limit, last status: 503 Service Unavailable'), 'overloaded');
    assert.equal(kind('other', 'Invalid request'), 'other');
    assert.equal(kind('something_new'), 'other');
    assert.equal(kind({}), 'other');
    assert.equal(kind(null), 'other');
  });
});
