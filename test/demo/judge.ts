import { existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import * as z from 'zod/mini';

/**
 * Judges the story from outside: a process of its own that looks at rollout files, panes and the ledger, and knows
 * nothing of what the model or the supervisor meant to do.
 *
 *     node judge.ts '{"workspace": …, "tmuxSocket": …, "names": …, "timeoutSeconds": 180}'
 *
 * Prints one JSON line for each step when it is first seen, and a last line {"ok": …, "missing": […]}.
 */
const order = z.object({
  workspace: z.string(),
  stateRoot: z.string(),
  tmuxSocket: z.string(),
  names: z.object({ task: z.string(), worker: z.string(), manager: z.string(), goal: z.string() }),
  timeoutSeconds: z.number(),
  /** The beginning of the id of the dispatcher that must have delivered. */
  supervisor: z.string(),
});
const { workspace, stateRoot, tmuxSocket, names, timeoutSeconds, supervisor } = order.parse(
  JSON.parse(process.argv[2] ?? '{}'),
);

type Row = Readonly<Record<string, unknown>>;
type Sight = { readonly where: string; readonly what: string } | null;

/** In the order of the story. Each looks for itself; a later one does not count before an earlier one was seen. */
const steps: readonly { readonly name: string; readonly look: () => Sight }[] = [
  { name: 'worker_started', look: () => startedSession(names.worker, 'worker') },
  { name: 'manager_started', look: () => startedSession(names.manager, 'manager') },
  {
    name: 'manager_sandboxed',
    look: () =>
      inRollout(
        names.manager,
        (line) => line.type === 'turn_context' && JSON.stringify(line.payload).includes('"workspace-write"'),
        'turn_context: workspace-write',
      ),
  },
  { name: 'worker_edited_file', look: () => toolOutput(names.worker, /export function add/) },
  { name: 'worker_test_failed', look: () => toolOutput(names.worker, /(?:#|ℹ) fail [1-9]/) },
  {
    name: 'manager_cycled',
    look: () =>
      both(
        toolCall(names.manager, ' cycle '),
        fromLedger(
          "SELECT id, started_at FROM manager_cycles WHERE task_id = ? AND state = 'succeeded'",
          'manager_cycles',
        ),
      ),
  },
  {
    name: 'criterion_recorded',
    look: () => fromLedger('SELECT id, criterion FROM acceptance_criteria WHERE task_id = ?', 'acceptance_criteria'),
  },
  {
    name: 'nudge_queued',
    look: () =>
      both(
        toolCall(names.manager, 'enqueue-nudge-worker'),
        fromLedger("SELECT id FROM commands WHERE task_id = ? AND type = 'nudge_worker'", 'commands'),
      ),
  },
  {
    name: 'nudge_arrived',
    look: () =>
      both(
        userTurn(names.worker, nudgeText()),
        fromLedger(
          "SELECT n.id, d.state, d.seen_at FROM routed_notifications n JOIN panel_deliveries d ON d.command_id = n.command_id WHERE n.task_id = ? AND n.signal_type = 'nudge_worker' AND d.state IN ('seen', 'answered')",
          'panel_deliveries',
        ),
      ),
  },
  { name: 'worker_repaired', look: () => repairedFile() },
  { name: 'worker_test_passed', look: () => toolOutput(names.worker, /(?:#|ℹ) pass 1[\s\S]*(?:#|ℹ) fail 0/) },
  {
    name: 'manager_woken',
    look: () =>
      both(
        userTurn(names.manager, names.worker),
        fromLedger(
          "SELECT id, delivered_at FROM routed_notifications WHERE task_id = ? AND signal_type = 'worker_task_complete' AND state = 'delivered'",
          'routed_notifications',
        ),
      ),
  },
  { name: 'manager_checked_itself', look: () => toolOutput(names.manager, /(?:#|ℹ) pass 1[\s\S]*(?:#|ℹ) fail 0/) },
  {
    name: 'criterion_satisfied',
    look: () =>
      fromLedger(
        "SELECT id, evidence_json FROM acceptance_criteria WHERE task_id = ? AND status = 'satisfied' AND evidence_json LIKE '%result%'",
        'acceptance_criteria',
      ),
  },
  {
    name: 'task_finished',
    look: () =>
      both(
        fromLedger("SELECT id, state FROM tasks WHERE id = ? AND state = 'done'", 'tasks'),
        fromLedger("SELECT id FROM events WHERE task_id = ? AND type = 'finish_task_succeeded'", 'events'),
      ),
  },
  { name: 'panes_show_it', look: () => both(onPane(names.worker, 'Repaired'), onPane(names.manager, 'finished')) },
];

/** What the person did in the window. */
const personalSteps: typeof steps = [
  {
    name: 'supervisor_in_window',
    look: () => {
      const [row] = ledgerRows(
        "SELECT a.dispatcher_id FROM command_attempts a JOIN commands c ON c.id = a.command_id WHERE c.type = 'nudge_worker' AND a.state = 'succeeded'",
        [],
      );
      return row !== undefined && String(row.dispatcher_id).startsWith(supervisor)
        ? { where: 'ledger: command_attempts', what: JSON.stringify(row) }
        : null;
    },
  },
  { name: 'person_nudged', look: () => userTurn(names.worker, 'Status? Please answer in one sentence.') },
  {
    name: 'person_finished',
    look: () => {
      const [row] = ledgerRows("SELECT name, state FROM tasks WHERE name = 'by-hand' AND state = 'done'", []);
      return row === undefined ? null : { where: 'ledger: tasks', what: JSON.stringify(row) };
    },
  },
];

await judge();

async function judge(): Promise<void> {
  const started = Date.now();
  const deadline = started + timeoutSeconds * 1000;
  const waiting = supervisor === 'vscode-' ? [...steps, ...personalSteps] : [...steps];
  while (waiting.length > 0 && Date.now() < deadline) {
    const sight = tryLook(waiting[0]?.look);
    if (sight === null) await new Promise((resolve) => setTimeout(resolve, 100));
    else
      console.log(
        JSON.stringify({
          step: waiting.shift()?.name,
          ...sight,
          afterMs: Date.now() - started,
          at: new Date().toISOString(),
        }),
      );
  }
  console.log(JSON.stringify({ ok: waiting.length === 0, missing: waiting.map(({ name }) => name) }));
  process.exitCode = waiting.length === 0 ? 0 : 1;
}

/** What is not there yet is simply not seen. */
function tryLook(look: (() => Sight) | undefined): Sight {
  try {
    return look?.() ?? null;
  } catch {
    return null;
  }
}

// ---- ledger ----

function fromLedger(sql: string, where: string): Sight {
  const row = ledgerRows(sql, [taskId()]).at(-1);
  return row === undefined ? null : { where: `ledger: ${where}`, what: JSON.stringify(row) };
}

function ledgerRows(sql: string, parameters: readonly unknown[]): Row[] {
  const file = join(stateRoot, 'workerctl.db');
  if (!existsSync(file)) return [];
  const database = new Database(file, { readonly: true, timeout: 2000 });
  try {
    return database.prepare(sql).all(...parameters) as Row[];
  } finally {
    database.close();
  }
}

function taskId(): string {
  return String(ledgerRows('SELECT id FROM tasks WHERE name = ?', [names.task]).at(-1)?.id);
}

function nudgeText(): string {
  const [row] = ledgerRows(
    "SELECT json_extract(payload_json, '$.message') AS message FROM commands WHERE task_id = ? AND type = 'nudge_worker' ORDER BY rowid",
    [taskId()],
  );
  if (row === undefined) throw new Error('no nudge yet');
  return String(row.message);
}

function startedSession(name: string, role: string): Sight {
  const [row] = ledgerRows('SELECT id, pid, codex_session_path AS path FROM sessions WHERE name = ? AND role = ?', [
    name,
    role,
  ]);
  if (row === undefined || !existsSync(String(row.path))) return null;
  return { where: 'ledger: sessions, rollout file', what: String(row.path) };
}

// ---- rollouts ----

interface RolloutLine {
  readonly type?: string;
  readonly payload?: Row;
}

function rollout(name: string): RolloutLine[] {
  const [row] = ledgerRows('SELECT codex_session_path AS path FROM sessions WHERE name = ?', [name]);
  return readFileSync(String(row?.path), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RolloutLine);
}

function inRollout(name: string, test: (line: RolloutLine) => boolean, what: string): Sight {
  return rollout(name).some(test) ? { where: `rollout of ${name}`, what } : null;
}

function toolCall(name: string, text: string): Sight {
  return inRollout(
    name,
    ({ payload }) => payload?.type === 'function_call' && String(payload.arguments).includes(text),
    `function_call: …${text}`,
  );
}

function toolOutput(name: string, pattern: RegExp): Sight {
  return inRollout(
    name,
    ({ payload }) => payload?.type === 'function_call_output' && pattern.test(outputText(payload.output)),
    `function_call_output: ${pattern.source}`,
  );
}

function outputText(output: unknown): string {
  return typeof output === 'string' ? output : JSON.stringify(output ?? '').replaceAll('\\n', '\n');
}

/** A turn that a user began: exactly one item with that text. */
function userTurn(name: string, text: string): Sight {
  const found = rollout(name).filter(
    ({ payload }) => isUserMessage(payload) && JSON.stringify(payload).includes(JSON.stringify(text).slice(1, -1)),
  );
  return found.length === 0 ? null : { where: `rollout of ${name}`, what: `user turn, ${found.length}×` };
}

function isUserMessage(payload: Row | undefined): boolean {
  if (payload?.type === 'user_message') return true;
  const item = payload?.item;
  return (
    payload?.type === 'item_completed' &&
    typeof item === 'object' &&
    item !== null &&
    'type' in item &&
    item.type === 'UserMessage'
  );
}

// ---- workspace and panes ----

function repairedFile(): Sight {
  const file = join(workspace, 'sum.mjs');
  return readFileSync(file, 'utf8').includes('a + b') ? { where: 'workspace', what: 'sum.mjs returns a + b' } : null;
}

function onPane(name: string, text: string): Sight {
  const screen = execFileSync('tmux', ['-S', tmuxSocket, 'capture-pane', '-p', '-t', `=codex-${name}:`], {
    encoding: 'utf8',
  });
  return screen.includes(text) ? { where: `pane of ${name}`, what: text } : null;
}

function both(left: Sight, right: Sight): Sight {
  return left === null || right === null
    ? null
    : { where: `${left.where}; ${right.where}`, what: `${left.what}; ${right.what}` };
}
