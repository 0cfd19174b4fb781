import assert from 'node:assert/strict';
import { parseCodexVersion } from '../../../src/core/codex/codexVersion.ts';
import { addNotify, hookEventsOf, removeNotify } from '../../../src/core/codex/hookConfig.ts';
import { addHooks, removeHooks } from '../../../src/core/codex/hooksFile.ts';
import { readHookReport } from '../../../src/core/codex/hookReport.ts';
import { ConveyorError } from '../../../src/core/domain/errors.ts';

const program = '/home/me/.local/share/agent-conveyor/0123/codex-hook';
const events = (version: string) => {
  const parsed = parseCodexVersion(`codex-cli ${version}`);
  assert.ok(parsed);
  return hookEventsOf(parsed);
};
const isUnreadable = (error: unknown) => ConveyorError.is(error, 'file_unreadable');

describe("our entries in Codex's configuration", () => {
  it('are the hooks that a version has; before that there is notify alone', () => {
    assert.deepEqual(events('0.120.0'), []);
    assert.deepEqual(events('0.140.0'), ['UserPromptSubmit', 'Stop', 'PermissionRequest']);
    assert.ok(events('0.155.1').includes('Interrupt'));
    assert.ok(events('0.169.0').includes('PostModelRequest'));
  });

  it('stand beside the hooks that are there, once, and go without a trace', () => {
    const theirs = {
      hooks: { Stop: [{ matcher: 'x', hooks: [{ type: 'command', command: 'mine.sh' }] }], Other: [] },
      version: 3,
    };
    const before = `${JSON.stringify(theirs, null, 2)}\n`;
    const once = addHooks(before, program, ['Stop', 'PermissionRequest']);
    assert.equal(addHooks(once, program, ['Stop', 'PermissionRequest']), once);
    const { hooks, version } = JSON.parse(once);
    assert.equal(version, 3);
    assert.deepEqual(hooks.Stop[0], theirs.hooks.Stop[0]);
    assert.deepEqual(hooks.Stop[1].hooks, [{ type: 'command', command: program, timeout: 10 }]);
    assert.equal(hooks.PermissionRequest.length, 1);
    const after = removeHooks(once, program);
    assert.deepEqual(JSON.parse(after ?? '').hooks.Stop, theirs.hooks.Stop);
    assert.equal(removeHooks(addHooks(null, program, ['Stop']), program), null);
    for (const theirs of ['{}', '{"hooks":{}}', '{ "hooks" : {"Stop":[]} }\n'])
      assert.equal(removeHooks(theirs, program), theirs);
    assert.throws(() => addHooks('{"hooks": []}', program, ['Stop']), isUnreadable);
    assert.throws(() => addHooks('not json', program, ['Stop']), isUnreadable);
  });

  it('keep the style of the file, compact or indented, and every byte of the rest', () => {
    const texts: readonly (readonly [before: string, after: string])[] = [
      [
        '{"version":3,"hooks":{"Stop":[{"hooks":[{"command":"a.sh"}]}]}}',
        '{"version":3,"hooks":{"Stop":[{"hooks":[{"command":"a.sh"}]},{"hooks":[OURS]}],"Interrupt":[{"hooks":[OURS]}]}}',
      ],
      ['{"version":3}\n', '{"version":3,"hooks":{"Stop":[{"hooks":[OURS]}],"Interrupt":[{"hooks":[OURS]}]}}\n'],
    ];
    const ours = JSON.stringify({ type: 'command', command: program, timeout: 10 });
    for (const [before, after] of texts) {
      const made = addHooks(before, program, ['Stop', 'Interrupt']);
      assert.equal(made, after.replaceAll('OURS', ours));
      assert.equal(removeHooks(made, program), before);
    }
    for (const indent of ['\t', '    ']) {
      const before = `{\r\n${indent}"odd" : [1,2],\r\n${indent}"hooks": {}\r\n}`;
      const made = addHooks(before, program, ['Stop']);
      assert.ok(
        made.startsWith(`{\r\n${indent}"odd" : [1,2],\r\n${indent}"hooks": {\r\n${indent}${indent}"Stop": [`),
        made,
      );
      assert.doesNotMatch(made, /[^\r]\n/);
    }
    assert.throws(() => addHooks('{"hooks":{"A":[]},"hooks":{}}', program, ['Stop']), isUnreadable);
  });

  it('put notify in front of the tables, chain the one that was there, and give back the very text', () => {
    const texts = [
      '',
      'model = "x" # mine\n\n[tools]\nnotify = ["in a table"]\n',
      'notify = ["say", "it is \\"done\\""] # loud\nmodel = "x"\n\n[a.b]\nc = 1\n',
      '# comment\r\nmodel = "x"\n',
    ];
    for (const before of texts) {
      const after = addNotify(before, program);
      assert.match(after, /^notify = \["\/home\/me\/.*codex-hook","notify"/m);
      assert.equal(addNotify(after, program), after, before);
      assert.equal(removeNotify(after, program).trimEnd(), before.trimEnd());
    }
    assert.match(addNotify(texts[2] ?? '', program), /"notify","say","it is \\"done\\""\] # agent-conveyor$/m);
    assert.throws(() => addNotify('notify = [\n  "a",\n]\n', program), isUnreadable);
    assert.throws(() => addNotify('notify = "a string"\n', program), isUnreadable);
    assert.throws(() => addNotify('model = \n', program), isUnreadable);
    assert.equal(removeNotify('model = "x"\n', program), 'model = "x"\n');
  });
});

describe("what Codex's hooks report", () => {
  const hook = (event: string, more: object = {}) =>
    readHookReport(JSON.stringify({ hook_event_name: event, session_id: 't1', cwd: '/w', ...more }));

  it('is a turn, its end, a question, or a failed request; anything else is nothing', () => {
    assert.deepEqual(hook('Stop'), { threadId: 't1', kind: 'turn_ended' });
    assert.deepEqual(hook('Interrupt'), { threadId: 't1', kind: 'turn_ended' });
    assert.deepEqual(hook('UserPromptSubmit'), { threadId: 't1', kind: 'turn_started' });
    assert.deepEqual(hook('PermissionRequest'), { threadId: 't1', kind: 'approval_requested' });
    assert.deepEqual(hook('PostModelRequest', { status: 'failed' }), { threadId: 't1', kind: 'model_failed' });
    assert.equal(hook('PostModelRequest', { status: 'completed' }), null);
    assert.equal(hook('PreToolUse'), null);
    const notify = { type: 'agent-turn-complete', 'thread-id': 't2', 'turn-id': '3', 'input-messages': ['x'] };
    assert.deepEqual(readHookReport(JSON.stringify(notify)), { threadId: 't2', kind: 'turn_ended' });
    for (const text of ['', 'null', '[]', '{"type":"agent-turn-complete"}', '{"hook_event_name":1}']) {
      assert.equal(readHookReport(text), null);
    }
  });
});
