import { appendFileSync, chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSqlite } from '../../../src/core/ledger/sqliteDriver.ts';
import { secretKinds } from './secretKinds.ts';

/** A secret among words, in one place of the ledger. */
export interface Plant {
  readonly place: string;
  readonly kind: string;
  readonly secret: string;
  /** A word that nothing else holds: by it, words without a secret are found too. */
  readonly canary: string;
  readonly words: string;
}

const upstreamLedger = fileURLToPath(new URL('../ledger/data/upstream-v22.db', import.meta.url));
export const task = 'checkout-refactor';
const taskId = 'task-b7dbbee1-0032-43b6-b78d-9654f7e4c8c2';
const ofTask = `task_id = '${taskId}'`;
const workerSession = 'session-6d73474a-3495-4069-958f-127e69ca3f1e';
const at = '2026-11-22T10:00:00Z';

/** Columns that hold text. */
const textColumns: readonly (readonly [table: string, column: string, where: string])[] = [
  ['tasks', 'goal', `id = '${taskId}'`],
  ['tasks', 'summary', `id = '${taskId}'`],
  ['manager_configs', 'objective', ofTask],
  ['acceptance_criteria', 'criterion', `${ofTask} AND id = 2`],
  ['acceptance_criteria', 'proof', `${ofTask} AND id = 3`],
  ['acceptance_criteria', 'rationale', `${ofTask} AND id = 4`],
  ['manager_decisions', 'reason', 'id = 1'],
  ['continuation_reviews', 'addendum', ofTask],
  ['continuation_reviews', 'rationale', ofTask],
  ['epilogue_runs', 'error', 'id = 2'],
  ['worker_handoffs', 'summary', ofTask],
  ['commands', 'error', "id = 'command-ed28cbbb-30f1-4d5c-9858-5196a4494705'"],
  ['command_attempts', 'error', "command_id = 'command-ed28cbbb-30f1-4d5c-9858-5196a4494705'"],
  ['routed_notifications', 'error', 'id = 1'],
  ['manager_cycles', 'error', 'id = 1'],
  ['agent_observations', 'message', 'id = 1'],
  ['terminal_captures', 'content', 'id = 1'],
  ['transcript_segments', 'segment_text', 'id = 1'],
  ['transcript_segments', 'segment_text', 'id = 2'],
  ['runs', 'purpose', `${ofTask} AND status = 'active'`],
];

/** Places inside of JSON: what is there is replaced, or added. */
const jsonPlaces: readonly (readonly [table: string, column: string, path: string, where: string])[] = [
  ['manager_configs', 'guidelines_json', '$[0]', ofTask],
  ['manager_configs', 'acceptance_criteria_json', '$[0]', ofTask],
  ['manager_configs', 'reference_paths_json', '$[0]', ofTask],
  ['manager_configs', 'tools_json', '$[0]', ofTask],
  ['acceptance_criteria', 'evidence_json', '$.log', 'id = 3'],
  ['acceptance_criteria', 'evidence_json', '$.name', 'id = 2'],
  ['acceptance_criteria', 'evidence_json', '$.status', 'id = 4'],
  ['manager_decisions', 'payload_json', '$.reason', 'id = 1'],
  ['task_acknowledgements', 'payload_json', '$.understood', "role = 'worker'"],
  ['task_acknowledgements', 'payload_json', '$.checks', "role = 'manager'"],
  ['task_acknowledgements', 'payload_json', '$.name', "role = 'manager'"],
  ['task_continuations', 'payload_json', '$.next_task', "proposer = 'worker'"],
  ['task_continuations', 'payload_json', '$.next_task', "proposer = 'manager'"],
  ['continuation_reviews', 'subagent_run_json', '$.stderr', ofTask],
  ['epilogue_runs', 'result_json', '$.stdout', 'id = 1'],
  ['epilogue_runs', 'result_json', '$.tools', 'id = 2'],
  ['worker_handoffs', 'payload_json', '$.branch', ofTask],
  ['commands', 'payload_json', '$.message', "id = 'command-c043762a-88cd-482f-9ba5-f6c9ab2806ef'"],
  ['commands', 'payload_json', '$.reason', "id = 'command-149e7b05-aa46-4227-a2b3-901fe3a2d13c'"],
  ['commands', 'result_json', '$.send_result.text', "id = 'command-c043762a-88cd-482f-9ba5-f6c9ab2806ef'"],
  ['command_attempts', 'result_json', '$.screen', 'id = 1'],
  ['routed_notifications', 'payload_json', '$.message', 'id = 1'],
  ['routed_notifications', 'payload_json', '$.last_agent_message', 'id = 2'],
  ['manager_cycles', 'status_json', '$.last_agent_message', 'id = 2'],
  ['manager_cycles', 'status_json', '$.manager_context.worker_ack.payload.status', 'id = 2'],
  ['manager_cycles', 'status_json', '$.current_task', 'id = 3'],
  ['manager_cycles', 'status_json', '$.attention.detail', 'id = 3'],
  ['manager_cycles', 'status_json', '$.pane_signal.reason', 'id = 3'],
  ['manager_cycles', 'status_json', '$.observation.worker.dialog', 'id = 3'],
  ['manager_cycles', 'status_json', '$.manager_context.manager_config.objective', 'id = 3'],
  ['manager_cycles', 'status_json', '$.manager_context.acceptance_criteria.open[0].criterion', 'id = 1'],
  ['manager_cycles', 'status_json', '$.manager_context.worker_handoff.payload.name', 'id = 3'],
  ['manager_cycle_spans', 'attributes_json', '$.note', 'id = 3'],
  ['agent_observations', 'payload_json', '$.text', 'id = 2'],
  ['runs', 'metadata_json', '$.seed_prompt', `${ofTask} AND status = 'active'`],
  ['telemetry_events', 'attributes_json', '$.error', "event_type = 'dispatch_command_failed'"],
  ['telemetry_events', 'attributes_json', '$.criterion', "event_type = 'acceptance_criterion_added'"],
  ['telemetry_events', 'correlation_json', '$.note', "event_type = 'session_nudge_succeeded'"],
];

/** What Codex wrote of what was said, called and answered. */
const codexPayloads: readonly ((words: string) => object)[] = [
  (words) => ({ type: 'user_message', message: words }),
  (words) => ({ type: 'task_complete', turn_id: 't', last_agent_message: words }),
  (words) => ({ type: 'function_call', name: 'shell', arguments: JSON.stringify({ command: ['sh', '-c', words] }) }),
  (words) => ({ type: 'function_call_output', call_id: 'c', output: words }),
  (words) => ({ type: 'mcp_tool_call_begin', invocation: { server: 's', tool: 't', arguments: { name: words } } }),
  (words) => ({ type: 'exec_command_end', exit_code: 0, stdout: words, parsed_cmd: [{ type: 'unknown', cmd: 'x' }] }),
  (words) => ({ type: 'exec_approval_request', reason: words, command: ['ls'] }),
  (words) => ({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: words }] }),
  (words) => ({ type: 'patch_apply_begin', changes: { [words]: { type: 'add', content: 'x' } } }),
  (words) => ({ type: 'something_of_tomorrow', nested: { status: [{ id: words }] } }),
];

/** What is on the screen of the stand-in for tmux, and in a worker's folder. */
const files = ['screen', 'events.jsonl', 'old screen', 'old prompt', 'old status'] as const;

export interface Scene {
  readonly plants: readonly Plant[];
  readonly folder: string;
  readonly ledger: string;
}

/** A ledger of the reference with a secret in every place that holds words, beside a folder of an older worker. */
export function plantSecrets(folder: string): Scene {
  const ledger = join(folder, 'workerctl.db');
  copyFileSync(upstreamLedger, ledger);
  chmodSync(ledger, 0o600);
  const database = openSqlite(ledger, { readonly: false, busyMilliseconds: 5000 });
  const plants: Plant[] = [];
  const plant = (place: string): string => {
    const made = makePlant(plants.length, place);
    plants.push(made);
    return made.words;
  };
  // A snapshot shows the run that is on.
  const activeRun = `id = (SELECT max(id) FROM runs WHERE ${ofTask})`;
  database.exec(`UPDATE runs SET status = 'active', ended_at = NULL WHERE ${activeRun}`);
  const run = (sql: string, ...values: readonly (string | number)[]) => {
    const { changes } = database.prepare(sql).run(...values);
    if (changes === 0) throw new Error(`nothing is there for: ${sql}`);
  };
  try {
    for (const [table, column, where] of textColumns) {
      run(`UPDATE ${table} SET ${column} = ? WHERE ${where}`, plant(`${table}.${column}`));
    }
    for (const [table, column, path, where] of jsonPlaces) {
      const change = `json_set(coalesce(${column}, '{}'), '${path}', ?)`;
      run(`UPDATE ${table} SET ${column} = ${change} WHERE ${where}`, plant(`${table}.${column} ${path}`));
    }
    for (const [index, payload] of codexPayloads.entries()) {
      run(
        `INSERT INTO codex_events (session_id, timestamp, type, subtype, payload_json, byte_offset, ingested_at)
         VALUES (?, ?, 'event_msg', NULL, ?, ?, ?)`,
        workerSession,
        at,
        JSON.stringify(payload(plant(`codex event ${index}`))),
        1_000_000 + index,
        at,
      );
    }
    const payload = { message: plant('event message'), criterion: plant('event criterion'), status: 'accepted' };
    run(
      `INSERT INTO events (created_at, actor, task_id, type, payload_json) VALUES (?, 'workerctl', ?, 'acceptance_criterion_added', ?)`,
      at,
      taskId,
      JSON.stringify({ ...payload, criterion_id: 2 }),
    );
    const answer = { session: 'alpha-worker', question: plant('a question'), label: plant('an answer'), option: 1 };
    run(
      `INSERT INTO events (created_at, actor, task_id, type, payload_json) VALUES (?, 'workerctl', ?, 'session_answered', ?)`,
      at,
      taskId,
      JSON.stringify(answer),
    );
    addOldWorker(run, folder, plant);
  } finally {
    database.close();
  }
  return { plants, folder, ledger };
}

function makePlant(index: number, place: string): Plant {
  const kinds = Object.entries(secretKinds);
  const [kind, make] = kinds[index % kinds.length] ?? ['none', String];
  const secret = make(index);
  const canary = `quokka${String(index).padStart(3, '0')}`;
  return { place, kind, secret, canary, words: `${canary} says\n${secret}\nto everybody` };
}

type Run = (sql: string, ...values: readonly (string | number)[]) => void;

function addOldWorker(run: Run, folder: string, plant: (place: string) => string): void {
  const [screen, events, oldScreen, prompt, status] = files.map((file) => plant(file));
  run(
    `INSERT INTO workers (id, name, tmux_session, identity_token, cwd, state, created_at, updated_at)
     VALUES ('worker-old1', 'old1', 'codex-old1', 'token', '/srv', 'active', ?, ?)`,
    at,
    at,
  );
  run(`UPDATE bindings SET worker_id = 'worker-old1' WHERE ${ofTask}`);
  // The stand-in for tmux knows one pane.
  run(`UPDATE sessions SET tmux_pane_id = '%1', pid = NULL WHERE id = '${workerSession}'`);
  run(
    `INSERT INTO transcript_captures (worker_id, sha256, content, captured_at, changed_at, history_lines, byte_count,
       line_count, capture_kind, retention_class) VALUES ('worker-old1', 'x', ?, ?, ?, 1, 1, 1, 'changed', 'hot')`,
    oldScreen ?? '',
    at,
    at,
  );
  run(
    `INSERT INTO prompts (task_id, kind, content, content_sha256, generator_version, source_snapshot_json, policy_json, created_at)
     VALUES (?, 'manager', ?, 'x', '1', ?, ?, ?)`,
    taskId,
    prompt ?? '',
    JSON.stringify({ name: plant('what a prompt was made of') }),
    JSON.stringify({ reason: plant('policy of a prompt') }),
    at,
  );
  run(
    `INSERT INTO statuses (worker_id, state, current_task, created_at) VALUES ('worker-old1', 'waiting', ?, ?)`,
    status ?? '',
    at,
  );
  mkdirSync(join(folder, 'old1'));
  const config = { name: 'old1', cwd: '/srv', identity_token: 'token', startup: 'ready' };
  writeFileSync(join(folder, 'old1', 'config.json'), JSON.stringify(config));
  appendFileSync(
    join(folder, 'old1', 'events.jsonl'),
    `${JSON.stringify({ time: at, type: 'nudge', message: events })}\n`,
  );
  mkdirSync(join(folder, 'tools'));
  writeFileSync(join(folder, 'screen'), `${screen}\n`);
  writeFileSync(join(folder, 'tools', 'tmux'), standInTmux(folder), { mode: 0o755 });
}

/** A tmux in which every session there is has one pane, and shows the same. */
function standInTmux(folder: string): string {
  const facts = ['77', '1', '1', '0', '', '0', '100', '30', '0', '0', '1', '/dev/pts/1', '5', '/tmp/s', '1767225600'];
  return `#!/bin/sh
target=
for word; do
  case $last in -t) target=$\{word#=}; target=$\{target%:};; esac
  last=$word
done
case " $* " in
  *" capture-pane "*) cat '${join(folder, 'screen')}';;
  *" list-panes "*) echo "%1<|>$target<|>${facts.join('<|>')}<|>codex<|>";;
  *" display-message "*) echo 1767225600;;
esac
`;
}
