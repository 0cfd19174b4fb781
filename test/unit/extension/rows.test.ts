import assert from 'node:assert/strict';

import { contextValues } from '../../../src/extension/contextValues.ts';
import type { EngineState } from '../../../src/extension/engine/engineHost.ts';
import { PanelModel } from '../../../src/extension/model.ts';
import { ageText, agoText } from '../../../src/extension/rows/age.ts';
import { criterionRows } from '../../../src/extension/rows/criterionRows.ts';
import { card, codeBlock, escapeMarkdown } from '../../../src/extension/rows/markdown.ts';
import { plainWords } from '../../../src/extension/rows/plainWords.ts';
import { questionPick } from '../../../src/extension/rows/questionPick.ts';
import type { Row } from '../../../src/extension/rows/row.ts';
import { sessionLook, sessionRows } from '../../../src/extension/rows/sessionRows.ts';
import { statusText } from '../../../src/extension/rows/statusText.ts';
import { taskRows } from '../../../src/extension/rows/taskRows.ts';
import { viewMessage } from '../../../src/extension/rows/viewMessage.ts';
import type { AttentionItem, PanelSnapshot, SessionView } from '../../../src/protocol/snapshot.ts';
import { aCriterion, aSession, aSnapshot, aTask, noCriteria } from '../../host/builders.ts';

const now = Date.parse('2026-11-26T10:00:00Z');
const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();

const approval: AttentionItem = {
  id: 'a',
  kind: 'approval',
  message: 'w asks to run npm test.',
  session: 'login-flake-worker',
  task: 'login-flake',
  since: ago(3),
};

function aFolder(name: string) {
  const place = { path: `/work/${name}`, name };
  return { ...place, places: [place] };
}

function modelOf(parts: Partial<PanelSnapshot>, kind: EngineState['kind'] = 'ready'): PanelModel {
  const model = new PanelModel();
  model.setIdle(null);
  const snapshot = aSnapshot({ takenAt: ago(0), ...parts });
  const engine: EngineState =
    kind === 'failed' ? { kind, snapshot, message: 'out of memory', retryInMs: 2000 } : { kind, snapshot };
  model.setFolder({ ...aFolder('demo'), engine });
  return model;
}

function find(rows: readonly Row[], label: string): Row {
  for (const row of rows) {
    if (row.label === label) return row;
    const below = row.children.length > 0 ? search(row.children, label) : null;
    if (below) return below;
  }
  throw new Error(`no row ${label}`);
}

function search(rows: readonly Row[], label: string): Row | null {
  try {
    return find(rows, label);
  } catch {
    return null;
  }
}

describe('the look of a session', () => {
  it('never shows one that waits for the person as working or idle', () => {
    for (const state of ['busy', 'idle', 'unknown'] as const) {
      const waiting = sessionLook(aSession({ state }), approval);
      assert.equal(waiting.word, 'needs approval');
      assert.notEqual(waiting.icon.name, sessionLook(aSession({ state }), undefined).icon.name);
    }
  });

  it('differs in shape between all states, not in colour only', () => {
    const looks = [
      sessionLook(aSession({ state: 'busy' }), undefined),
      sessionLook(aSession({ state: 'idle' }), undefined),
      sessionLook(aSession({ state: 'unknown' }), undefined),
      sessionLook(aSession({ alive: false }), undefined),
      sessionLook(aSession({ registration: 'gone' }), undefined),
      sessionLook(aSession(), approval),
    ];
    assert.equal(new Set(looks.map(({ icon }) => icon.name)).size, looks.length);
    assert.equal(new Set(looks.map(({ word }) => word)).size, looks.length);
  });

  it('never shows a session that asks, whether or not that was announced yet, as busy or idle', () => {
    const asking = (state: 'waiting_approval' | 'waiting_input') => {
      const session = aSession();
      return { ...session, attention: { ...session.attention, state, detail: 'command' } };
    };
    assert.equal(sessionLook(asking('waiting_approval'), undefined).word, 'needs approval');
    assert.equal(sessionLook(asking('waiting_input'), undefined).word, 'asks a question');
    const undelivered = { ...approval, kind: 'undelivered' as const };
    assert.equal(sessionLook(asking('waiting_approval'), undelivered).word, 'needs approval');
  });

  it('tells an ended turn that nobody has looked at from one that was read, and limits from errors', () => {
    const look = (state: SessionView['attention']['state'], detail: string | null = null) => {
      const session = aSession();
      return sessionLook({ ...session, attention: { ...session.attention, state, detail } }, undefined).word;
    };
    assert.equal(look('turn_ended', 'unread'), 'turn ended, unread');
    assert.equal(look('turn_ended', 'read'), 'turn ended');
    assert.equal(look('rate_limited', 'usage_limit'), 'rate limited');
    assert.equal(look('error', 'server_error'), 'failed');
    assert.equal(look('stalled'), 'stalled');
    assert.equal(look('crashed'), 'crashed');
    const iconOf = (detail: string) => {
      const session = aSession();
      const attention = { ...session.attention, state: 'turn_ended' as const, detail };
      return sessionLook({ ...session, attention }, undefined).icon.name;
    };
    assert.notEqual(iconOf('unread'), iconOf('read'));
  });

  it('says that it has ended before anything that was seen earlier', () => {
    assert.equal(sessionLook(aSession({ state: 'busy', alive: false }), approval).word, 'ended');
  });

  it('is not "ended" where nobody can tell from here', () => {
    assert.equal(sessionLook(aSession({ state: 'busy', alive: null }), undefined).word, 'busy');
  });
});

describe('a question of a session', () => {
  it('is a pick with its words, and draws no icons', () => {
    const text = 'Would you like to run the following command?\n\nReason: $(bug) fix\n\n$ make deploy';
    const options = [
      { number: 1, label: 'Yes, proceed (y)' },
      { number: 2, label: 'No (esc)' },
    ];
    const made = questionPick('w', { dialog: 'approval_command', text, options, fingerprint: 'f' });
    assert.equal(made.title, 'w · approval of a command');
    assert.deepEqual(made.lines, [
      'Would you like to run the following command?',
      'Reason: $\u200b(bug) fix',
      '$ make deploy',
    ]);
    assert.deepEqual(
      made.options.map(({ label }) => label),
      ['1. Yes, proceed (y)', '2. No (esc)'],
    );
  });

  it('hides nothing of a long command or a long answer behind the end of a row', () => {
    const command = `$ echo ${'harmless '.repeat(40)}; rm -rf ${'x'.repeat(200)}`;
    const label = `Yes, and don't ask again for commands that start with ${'git '.repeat(20)}push --force`;
    const options = [{ number: 1, label }];
    const made = questionPick('w', { dialog: 'approval_command', text: command, options, fingerprint: 'f' });
    assert.ok(made.lines.every((line) => line.length <= 76));
    const bare = (text: string) => text.replaceAll(/\s/g, '');
    assert.equal(bare(made.lines.join('')), bare(`${command}1. ${label}`));
  });
});

describe('words of a screen or a ledger', () => {
  it('are no icons in picks, and no links in notifications', () => {
    assert.equal(
      plainWords('$(bug) [go](command:workbench.action.quit)'),
      '$\u200b(bug) [go]\u200b(command:workbench.action.quit)',
    );
  });
});

describe('rows of sessions', () => {
  it('say state, age, role and source, and aloud what is needed', () => {
    const model = modelOf({ sessions: [aSession({ observedAt: ago(42) })], attention: [approval] });
    const [row] = sessionRows(model, now);
    assert.equal(row?.description, 'needs approval · 40 s · worker · rollout');
    assert.equal(row?.spoken, 'worker login-flake-worker, needs approval, 40 s ago, w asks to run npm test.');
  });
});

describe('rows of tasks', () => {
  it('have ids that do not depend on state', () => {
    const ids = (parts: Partial<PanelSnapshot>) => {
      const collect = (rows: readonly Row[]): readonly string[] =>
        rows.flatMap(({ id, children }) => [id, ...collect(children)]);
      return collect(taskRows(modelOf(parts), now));
    };
    const before = ids({ tasks: [aTask()], sessions: [aSession()] });
    const after = ids({
      tasks: [aTask({ criteria: { ...noCriteria, satisfied: 2 } })],
      sessions: [aSession({ state: 'idle' })],
    });
    assert.deepEqual(after, before);
    assert.equal(new Set(before).size, before.length);
  });

  it('have distinct ids although a session stands in two places and a name in two folders', () => {
    const model = modelOf({ tasks: [aTask()], sessions: [aSession()] });
    const snapshot = aSnapshot({ tasks: [aTask()], sessions: [aSession()] });
    model.setFolder({ ...aFolder('other'), engine: { kind: 'ready', snapshot } });
    const collect = (rows: readonly Row[]): readonly string[] =>
      rows.flatMap(({ id, children }) => [id, ...collect(children)]);
    const ids = [...collect(taskRows(model, now)), ...collect(sessionRows(model, now))];
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(
      taskRows(model, now).map(({ label }) => label),
      ['demo', 'other'],
    );
  });

  it('count only criteria that stand against finishing', () => {
    const counts = { proposed: 1, accepted: 2, satisfied: 1, deferred: 4, rejected: 5 };
    const rows = taskRows(modelOf({ tasks: [aTask({ criteria: counts, worker: null })] }), now);
    assert.equal(find(rows, 'login-flake').description, 'no worker · 1/3');
    assert.equal(find(rows, 'Criteria').description, '1 of 3 satisfied, 1 proposed, 4 deferred, 5 rejected');
  });

  it('fold finished tasks away', () => {
    const rows = taskRows(modelOf({ tasks: [aTask(), aTask({ id: 'task-2', name: 'old', state: 'done' })] }), now);
    assert.deepEqual(
      rows.map(({ label }) => label),
      ['login-flake', 'Finished', 'Dispatch'],
    );
    assert.equal(find(rows, 'Finished').isExpanded, false);
    assert.equal(find(rows, 'old').contextValue, 'conveyor.task.finished');
  });

  it('show a message on its way, and why it waits', () => {
    const delivery = {
      commandId: 'c',
      target: 'w',
      state: 'deferred',
      reason: 'a person is typing',
      at: ago(20),
    } as const;
    const rows = taskRows(modelOf({ tasks: [aTask({ worker: 'w', deliveries: [delivery] })] }), now);
    assert.equal(find(rows, 'To worker').description, 'deferred · a person is typing · 20 s ago');
    const shapeOf = (state: 'queued' | 'deferred' | 'undelivered') => {
      const shown = taskRows(modelOf({ tasks: [aTask({ worker: 'w', deliveries: [{ ...delivery, state }] })] }), now);
      return find(shown, 'To worker').icon?.name;
    };
    assert.equal(new Set([shapeOf('queued'), shapeOf('deferred'), shapeOf('undelivered')]).size, 3);
  });

  it('say when nobody watches: no leader, a silent one, a stopped engine', () => {
    const dispatch = (parts: Partial<PanelSnapshot>, kind: EngineState['kind'] = 'ready') =>
      find(taskRows(modelOf({ tasks: [aTask()], ...parts }, kind), now), 'Dispatch').description;
    assert.equal(dispatch({}), 'this window · 14 sent on');
    assert.equal(dispatch({ leader: null, dispatcher: null }), 'not watching · nobody leads');
    const silent = { id: 'dispatch-local', thisWindow: false, heartbeatAgeMs: 12_000 };
    assert.equal(dispatch({ leader: silent }), 'not watching · dispatch-local · 14 sent on');
    assert.equal(dispatch({}, 'failed'), 'engine stopped · this window · 14 sent on');
  });

  it('are none without a task, so that the welcome can show', () => {
    assert.deepEqual(taskRows(modelOf({ sessions: [aSession()] }), now), []);
  });
});

describe('rows of criteria', () => {
  it('are those of the chosen task only, by status, with what is open first', () => {
    const model = modelOf({
      tasks: [aTask(), aTask({ id: 'task-2', name: 'second' })],
      criteria: [
        aCriterion({ id: 1, status: 'satisfied' }),
        aCriterion({ id: 2 }),
        aCriterion({ id: 3, task: 'second', text: 'Other' }),
      ],
    });
    model.select({ folder: '/work/demo', task: 'login-flake' });
    assert.deepEqual(
      criterionRows(model).map(({ label }) => label),
      ['Open', 'Satisfied'],
    );
    model.select({ folder: '/work/demo', task: 'second' });
    assert.deepEqual(
      criterionRows(model).flatMap(({ children }) => children.map(({ label }) => label)),
      ['Other'],
    );
  });
});

describe('ages', () => {
  it('are coarse and never negative', () => {
    assert.deepEqual(
      [-5, 0, 9, 10, 59, 60, 3599, 3600, 47 * 3600, 48 * 3600].map((s) => ageText(s * 1000)),
      ['now', 'now', 'now', '10 s', '50 s', '1 min', '59 min', '1 h', '47 h', '2 d'],
    );
    assert.equal(agoText(3000), 'now');
    assert.equal(agoText(20_000), '20 s ago');
  });
});

describe('markdown', () => {
  it('interprets nothing that comes from a ledger', () => {
    const nasty = '[x](command:quit) **b** `c` <img src=x> | $(zap)\nnext';
    assert.equal(escapeMarkdown(nasty).replaceAll(/\\./g, ''), 'xcommand:quit b c img src=x  zap next');
    assert.ok(
      card(nasty, nasty, [[nasty, nasty]])
        .split('\n')
        .every((line) => !/^\s*</.test(line)),
    );
  });

  it('fences code that contains fences', () => {
    assert.ok(codeBlock('```\nend').startsWith('````'));
  });
});

describe('the status bar', () => {
  it('is absent while nothing is supervised', () => {
    assert.equal(statusText(modelOf({})), null);
    assert.equal(statusText(modelOf({ tasks: [aTask({ state: 'done' })] })), null);
  });

  it('is calm while everybody works, warns when somebody waits, and counts', () => {
    assert.equal(statusText(modelOf({ tasks: [aTask()], sessions: [aSession()] }))?.level, 'calm');
    const one = statusText(modelOf({ tasks: [aTask()], attention: [approval] }));
    assert.deepEqual([one?.level, one?.label], ['warning', 'login-flake-worker']);
    const two = statusText(modelOf({ tasks: [aTask()], attention: [approval, { ...approval, id: 'b' }] }));
    assert.equal(two?.label, '2 need you');
  });

  it('shows a stopped engine before everything else', () => {
    assert.equal(statusText(modelOf({ tasks: [aTask()], attention: [approval] }, 'failed'))?.level, 'error');
  });
});

describe('context keys', () => {
  it('say "none" only when the engine knows it', () => {
    assert.equal(contextValues(modelOf({})).noTasks, true);
    assert.equal(contextValues(modelOf({}, 'failed')).noTasks, false);
    assert.equal(contextValues(new PanelModel()).noTasks, false);
    assert.equal(contextValues(new PanelModel()).engine, 'off');
  });

  it('name each empty cause', () => {
    const kinds = [
      ['no_tmux', 'noTmux'],
      ['no_codex', 'noCodex'],
      ['other_window_leads', 'otherWindowLeads'],
      ['ledger_newer', 'ledgerRefused'],
    ] as const;
    for (const [kind, key] of kinds) {
      assert.equal(contextValues(modelOf({ problems: [{ kind, message: 'm', remedy: null }] }))[key], true, kind);
      assert.equal(contextValues(modelOf({}))[key], false, kind);
    }
  });
});

describe('the line above a tree', () => {
  it('says what keeps tasks from going on, and nothing above an empty tree', () => {
    const problem = { kind: 'no_tmux', message: 'tmux was not found.', remedy: 'Install it.' } as const;
    assert.equal(viewMessage(modelOf({ tasks: [aTask()], problems: [problem] })), 'tmux was not found. Install it.');
    assert.equal(viewMessage(modelOf({ problems: [problem] })), null);
    assert.equal(viewMessage(modelOf({ tasks: [aTask()] })), null);
  });
});
