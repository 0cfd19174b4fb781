import { createHash } from 'node:crypto';
import { formatTimestamp } from '../../src/core/domain/timestamps.ts';
import type { Connection } from '../../src/core/ledger/connection.ts';
import type { Dice } from './yearDice.ts';
import type { YearScale, YearTask } from './yearLedger.ts';
import { RowWriter } from './yearRows.ts';

const perTransaction = 200;
const linesOfScreen = 120;

/** Screens of both sides with the piece of transcript that each adds, a third of them once more in the older table. */
export function insertScreens(ledger: Connection, tasks: readonly YearTask[], scale: YearScale, dice: Dice): void {
  const writer = new RowWriter(ledger);
  for (const task of tasks) {
    const count = Math.max(1, Math.round(scale.captures * task.weight));
    for (let index = 0; index < count; index += perTransaction) {
      ledger.write(() => {
        for (let at = index; at < Math.min(count, index + perTransaction); at += 1)
          insertScreen(writer, task, at / count, dice);
      });
    }
  }
  insertWorkerCaptures(ledger, writer, Math.ceil(scale.captures / 20), dice);
}

function insertScreen(writer: RowWriter, task: YearTask, share: number, dice: Dice): void {
  const role = dice.roll() < 0.8 ? 'worker' : 'manager';
  const captured_at = formatTimestamp(task.startsAt + (task.endsAt - task.startsAt) * share);
  const content = screen(dice);
  const shared = { task_id: task.id, role, captured_at, ...measure(content) };
  const capture = writer.insert('terminal_captures', {
    ...shared,
    tmux_session: `${task.name}-${role}`,
    tmux_pane_id: '%3',
    history_lines: 200,
    content,
    classifier_json: '{"busy_wait": null, "startup": ["working", "esc to interrupt"]}',
    source: 'transcript_capture',
  });
  const segment = content.slice(content.length / 2);
  writer.insert('transcript_segments', {
    ...shared,
    ...measure(segment),
    source_capture_id: capture,
    segment_text: segment,
    segment_start_line: 1,
    segment_end_line: 60,
    retention_class: 'hot',
    segment_kind: 'segment',
    created_at: captured_at,
  });
}

/** The older way: a worker that is kept in a folder. */
function insertWorkerCaptures(ledger: Connection, writer: RowWriter, count: number, dice: Dice): void {
  const at = formatTimestamp(Date.now() - 300 * 86_400_000);
  const worker = {
    id: 'worker-older',
    name: 'older',
    tmux_session: 'older',
    identity_token: 'older-token',
    cwd: '/srv/old',
  };
  ledger.write(() => {
    writer.insert('workers', { ...worker, state: 'stopped', created_at: at, updated_at: at });
    for (let index = 0; index < count; index += 1) {
      const content = screen(dice);
      const { content_sha256: sha256, ...size } = measure(content);
      const kept = { capture_kind: 'changed', retention_class: 'hot', captured_at: at, changed_at: at };
      writer.insert('transcript_captures', {
        worker_id: worker.id,
        sha256,
        content,
        history_lines: 200,
        ...size,
        ...kept,
      });
    }
  });
}

function screen(dice: Dice): string {
  return Array.from({ length: linesOfScreen }, () => dice.words(dice.between(2, 14))).join('\n');
}

function measure(content: string) {
  const content_sha256 = createHash('sha256').update(content).digest('hex');
  return { content_sha256, byte_count: Buffer.byteLength(content), line_count: content.split('\n').length };
}
