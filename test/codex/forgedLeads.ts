/** What a sandboxed agent that knows the schema may write, to be acted on where it has no business. */

/** A command: `$name` stands for the id of that session; the task is that of its manager when left out. */
export type Forgery = readonly [type: string, payload: Readonly<Record<string, unknown>>, task?: string];

const idOf = (name: string) => `(SELECT id FROM sessions WHERE name = '${name}')`;
const taskOf = (name: string) => `(SELECT id FROM tasks WHERE name = '${name}')`;
const nudgeOf = (name: string, task = 'job'): Forgery => [
  'session_nudge',
  { session: name, session_id: `$${name}`, message: 'join us' },
  task,
];
export const grantOf = (actions: readonly string[]) => {
  const granted = JSON.stringify({ worker_session: actions });
  return `INSERT INTO manager_configs (task_id, supervision_mode, guidelines_json, acceptance_criteria_json,
      reference_paths_json, permissions_json, created_at, updated_at)
    VALUES (${taskOf('job')}, 'guided', '[]', '[]', '[]', '${granted}', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')
    ON CONFLICT DO UPDATE SET permissions_json = excluded.permissions_json`;
};
const putBack = (column: string, of: string, table = 'sessions', id = 'id') =>
  `UPDATE ${table} SET ${column} = (SELECT value FROM kept WHERE name = '${of}') WHERE ${id} = ${idOf('w')}`;
const keep = (column: string, of: string, table = 'sessions', id = 'id') =>
  `CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT);
   INSERT OR REPLACE INTO kept SELECT '${of}', ${column} FROM ${table} WHERE ${id} = ${idOf('w')}`;

export interface Lead {
  readonly statements: readonly string[];
  readonly undo: readonly string[];
  readonly row: Forgery;
  readonly answer: RegExp;
}

/** Rows that are true of somebody else: where to type, on which tmux server, and who is bound to whom. */
export const forgedLeads: Readonly<Record<string, Lead>> = {
  'a permission to clear its context': {
    statements: [
      grantOf(['clear']),
      `INSERT INTO worker_handoffs (task_id, worker_session_id, summary, next_steps_json, payload_json, created_at)
       VALUES (${taskOf('job')}, ${idOf('w')}, 'forged', '[]', '{}', '2026-01-01T00:00:00Z')`,
    ],
    undo: [],
    row: ['request_worker_compact', { slash_command: '/clear', send_text: '/clear', worker_session_id: '$w' }],
    answer: /allow worker_session\.clear in your own settings/,
  },
  "another session's pane": {
    statements: [
      keep('pane_id', 'pane', 'panel_sessions', 'session_id'),
      `UPDATE panel_sessions SET pane_id = (SELECT pane_id FROM panel_sessions WHERE session_id = ${idOf('stranger')})
       WHERE session_id = ${idOf('w')}`,
    ],
    undo: [putBack('pane_id', 'pane', 'panel_sessions', 'session_id')],
    row: nudgeOf('w'),
    answer: /not as it was confirmed \(paneId\)/,
  },
  "another session's terminal": {
    statements: [keep('tmux_session', 'tmux'), `UPDATE sessions SET tmux_session = 'codex-stranger' WHERE name = 'w'`],
    undo: [putBack('tmux_session', 'tmux')],
    row: nudgeOf('w'),
    answer: /not as it was confirmed \(tmuxSession\)/,
  },
  'a tmux server of its own': {
    statements: [
      keep('tmux_socket', 'socket', 'panel_sessions', 'session_id'),
      `UPDATE panel_sessions SET tmux_socket = '$socket' WHERE session_id = ${idOf('w')}`,
    ],
    undo: [putBack('tmux_socket', 'socket', 'panel_sessions', 'session_id')],
    row: nudgeOf('w'),
    answer: /not as it was confirmed \(tmuxSocket\)/,
  },
  'a binding that it made': {
    statements: [
      `INSERT INTO tasks (id, name, goal, state, created_at, updated_at)
       VALUES ('task-forged', 'forged', 'g', 'managed', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')`,
      `INSERT INTO sessions (id, name, role, identity_token, cwd, registered_at, state)
       VALUES ('session-ghost', 'ghost', 'manager', 'ghost', '/', '2026-01-01T00:00:00Z', 'active')`,
      `INSERT INTO bindings (id, task_id, worker_session_id, manager_session_id, state, created_at)
       VALUES ('binding-forged', 'task-forged', ${idOf('stranger')}, 'session-ghost', 'active', '2026-01-01T00:00:00Z')`,
    ],
    undo: [
      `UPDATE bindings SET state = 'ended' WHERE id = 'binding-forged'`,
      `UPDATE sessions SET state = 'gone' WHERE name = 'ghost'`,
    ],
    row: nudgeOf('stranger', 'forged'),
    answer: /in a binding that was not confirmed/,
  },
  'a stranger in its own binding': {
    statements: [
      `UPDATE bindings SET worker_session_id = ${idOf('stranger')} WHERE task_id = ${taskOf('job')} AND state = 'active'`,
    ],
    undo: [
      `UPDATE bindings SET worker_session_id = ${idOf('w')} WHERE task_id = ${taskOf('job')} AND state = 'active'`,
    ],
    row: nudgeOf('stranger'),
    answer: /in a binding that was not confirmed/,
  },
};
