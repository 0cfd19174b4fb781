import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readFileSync, readdirSync } from 'node:fs';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/core/domain/json.ts';
import { measure, redactRecord, redactRollout, redactWords } from '../../../src/core/record/redact.ts';

describe('redaction', () => {
  it('OD-33: hides words under every name, not under some', () => {
    const secret = 'hunter2';
    const payload = {
      type: 'task_complete',
      turn_id: 'turn-1',
      last_agent_message: secret,
      message: secret,
      arguments: JSON.stringify({ secret }),
      aggregated_output: secret,
      stdout: secret,
      command: ['bash', '-lc', secret],
      content: [{ type: 'output_text', text: secret }],
      changes: { '/etc/hunter2': { add: { content: secret } } },
      a_field_of_tomorrow: secret,
      list: [secret, { deep: secret }],
    };
    const shown = JSON.stringify(redactRollout(payload));
    assert.doesNotMatch(shown, /hunter2/);
    assert.match(shown, /"turn_id":"turn-1"/);
  });

  it('leaves the measure behind', () => {
    assert.deepEqual(redactRollout({ message: 'line one\nline two ü', output: '', exit_code: 0, message_id: 'm' }), {
      message_redacted: true,
      message_byte_count: 20,
      message_line_count: 2,
      output_redacted: true,
      output_byte_count: 0,
      output_line_count: 0,
      exit_code: 0,
      message_id: 'm',
    });
    assert.deepEqual(measure('a\r\nb\n'), { bytes: 5, lines: 2 });
  });

  it('never shows a text that is not under a listed name', () => {
    const json = fc.object({
      key: fc.stringMatching(/^[a-z_]{1,12}$/),
      values: [fc.constant('SECRET'), fc.integer()],
      maxDepth: 4,
    });
    fc.assert(
      fc.property(json, (value) => {
        const shown = redactRollout(JSON.parse(JSON.stringify(value)));
        assert.deepEqual(
          namesOfText(shown, 'SECRET').filter((name) => redactionHides(name)),
          [],
        );
      }),
    );
  });

  it('hides what an agent or a tool calls by the name of a field that is shown elsewhere', () => {
    const secret = 'hunter2';
    const named = { name: secret, status: secret, reason: secret, cwd: secret, error: secret };
    assert.doesNotMatch(JSON.stringify(redactWords({ ...named, deep: [named, { decision: named }] })), /hunter2/);
    const call = {
      type: 'mcp_tool_call_begin',
      invocation: { server: 's', tool: 't', arguments: named },
      reason: secret,
    };
    assert.doesNotMatch(JSON.stringify(redactRollout(call)), /hunter2/);
    const record = {
      evidence: named,
      payload: named,
      config: { ...named, objective: secret },
      goal: secret,
      proof: secret,
    };
    assert.doesNotMatch(JSON.stringify(redactRecord(record)), /hunter2/);
  });

  it('shows codes, and no sentences, as reasons and errors', () => {
    const codes = { reason: 'missing_required_evidence', error: 'gate_failed missing=a,b', reasons: ['not_enabled'] };
    assert.deepEqual(redactRecord(codes), codes);
    const shown = redactRecord({ reason: 'the docs are clean', error: 'open: Link check passes', reasons: ['a word'] });
    assert.deepEqual(
      Object.keys(shown).filter((key) => !/_(?:redacted|byte_count|line_count)$/.test(key)),
      [],
    );
  });

  it('shows the policy of a loop as far as it is made of codes, and no words of one written by hand', () => {
    const known = {
      template: 'pr_ci_merge_loop',
      cleanup_policy: 'clear',
      required_before_continue: ['ci_green', 'merge'],
    };
    assert.deepEqual(redactRecord(known), known);
    const byHand = {
      template: 'our login page',
      cleanup_policy: 'wipe it all',
      required_before_continue: ['say who did it'],
    };
    assert.doesNotMatch(JSON.stringify(redactRecord(byHand)), /login|wipe|who/);
  });

  it('shows who, when and in what state in all that a cycle keeps, and no words in any of it', () => {
    const known = {
      attention: { state: 'needs_input', since: '2026-01-02T03:04:05Z', sources: [{ state: 'idle' }] },
      observation: { worker: null, manager: { alive: true, observed_at: '2026-01-02T03:04:05Z' } },
      manager_context: {
        acceptance_criteria: {
          open: [{ id: 1, status: 'accepted', created_at: '2026-01-02T03:04:05Z' }],
          rejected: [],
        },
        criteria_negotiation: { needed: false, reason: 'active_criteria_present' },
        manager_config: { supervision_mode: 'guided', permissions: { repo: ['open_pr'] }, epilogues: ['draft-pr'] },
        worker_ack: { role: 'worker', correlation_id: 'ack-2', revision: 2 },
        worker_receipt: { source_session: 'w1', turn_id: 'turn-1', source_event_timestamp: '2026-01-02T03:04:05Z' },
      },
      key: 'Escape',
      error_type: 'WorkerError',
      run: 'run-0421afd8-a6f7-4139-b00b-213290000000',
      loop_policy: { tags: ['build', 'ci'], recommended_tools: ['gh', 'verification.run_tests'] },
      manager_identity: { live_pane_id: '%2', db_session: 'm1' },
    };
    assert.deepEqual(redactRecord(known), known);
    const secret = 'hunter2';
    const words = {
      attention: { detail: secret, reason: secret, sources: [{ says: secret, source: null }] },
      manager_context: {
        acceptance_criteria: { open: [{ criterion: secret, proof: secret, evidence: { status: secret } }] },
        manager_config: { objective: secret, guidelines: [secret], acceptance_criteria: [secret] },
        worker_ack: { payload: { role: secret, plan: [secret] } },
        worker_handoff: { summary: secret, next_steps: [secret], payload: { name: secret } },
        worker_receipt: { last_agent_message: secret },
      },
      key: secret,
      error_type: secret,
      run: secret,
      loop_policy: { tags: ['build', secret], recommended_tools: [secret] },
    };
    assert.doesNotMatch(JSON.stringify(redactRecord(words)), /hunter2/);
  });

  it('shows nothing of what recorded rollouts say', () => {
    const folder = new URL('../../golden/data/rollouts/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
    assert.ok(files.length > 0);
    for (const file of files) {
      for (const text of readFileSync(new URL(file, folder), 'utf8').split('\n')) {
        const record = parse(text);
        if (record === null || !isJsonObject(record.payload)) continue;
        const { payload } = record;
        const words = [payload.message, payload.last_agent_message, payload.arguments, payload.output].filter(
          (value): value is string => typeof value === 'string' && value.length > 12,
        );
        const shown = JSON.stringify(redactRollout(payload));
        for (const word of words) assert.ok(!shown.includes(JSON.stringify(word).slice(1, -1)), `${file}: ${word}`);
      }
    }
  });
});

function redactionHides(name: string): boolean {
  return JSON.stringify(redactRollout({ [name]: 'SECRET' })).includes('redacted');
}

function namesOfText(value: JsonValue, text: string, name = ''): string[] {
  if (value === text) return [name];
  if (Array.isArray(value)) return value.flatMap((item: JsonValue) => namesOfText(item, text, name));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => namesOfText(item, text, key));
}

function parse(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
