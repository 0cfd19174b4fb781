import type { JsonObject } from '../domain/json.ts';
import { maskSecrets, maskValue } from '../domain/maskSecrets.ts';
import { listPrompts, type Prompt, type WorkerCapture, workerCaptures } from '../ledger/exportStore.ts';
import type { Connection } from '../ledger/connection.ts';
import type { SessionRole } from '../ledger/sessionStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import type { PagedTable } from '../ledger/pagedTable.ts';
import { type WholeSegment, wholeSegments } from '../ledger/screenTables.ts';
import { countTelemetry, taskTelemetry, type TelemetryRecord } from '../ledger/telemetryQueryStore.ts';
import { correlationChains } from './auditChains.ts';
import { auditSections } from './auditSections.ts';
import { exportStatus } from './exportStatus.ts';
import { shownTask } from './hideColumns.ts';
import { jsonChunks } from './jsonChunks.ts';
import { auditMutations } from './mutationAudit.ts';
import { measure, redactWords } from './redact.ts';
import { story, type StoryRequest } from './story.ts';
import { showTelemetry, summarise, telemetryLine, type TelemetrySummary } from './telemetryShown.ts';

export interface ExportRequest {
  readonly includeContent: boolean;
  /** Also what looks like a secret. */
  readonly raw: boolean;
  /** The text of the transcript segments. */
  readonly includeTranscripts: boolean;
  /** Also as a story, and as one text for each side. */
  readonly includeFullTranscripts: boolean;
}

export interface ExportFile {
  readonly name: string;
  /** Made when it is written, piece by piece: no file is in memory as a whole. */
  chunks(): Iterable<string>;
}

/** Every name that an export may have, so that an earlier one can be told from other files. */
export const exportFileNames = [
  'task-status.json',
  'audit.json',
  'acceptance-criteria.json',
  'prompts.json',
  'transcript-captures.json',
  'terminal-captures.json',
  'agent-observations.json',
  'manager-cycles.json',
  'manager-cycle-spans.json',
  'manager-decisions.json',
  'mutation-audit.json',
  'replay.json',
  'telemetry-events.json',
  'telemetry-summary.json',
  'telemetry-report.md',
  'transcript-segments.json',
  'replay-full-transcript.json',
  'transcripts/worker.txt',
  'transcripts/manager.txt',
] as const;

type FileName = (typeof exportFileNames)[number];

/** The papers of a task, in the order of the manifest. Read them inside one snapshot of the ledger. */
export function exportFiles(ledger: Connection, task: Task, request: ExportRequest): readonly ExportFile[] {
  const { includeContent, raw } = request;
  const content = { includeContent, raw };
  const sections = auditSections(ledger, task.id, includeContent);
  const writers: Record<FileName, (() => Parts) | null> = {
    'task-status.json': () => json(exportStatus(ledger, task, includeContent)),
    'audit.json': () => json(auditLists(ledger, task, sections, includeContent)),
    'acceptance-criteria.json': () => json(sections.acceptance_criteria.all()),
    'prompts.json': () => json(listPrompts(ledger, task.id).map((prompt) => shownPrompt(prompt, includeContent))),
    'transcript-captures.json': () =>
      json(each(workerCaptures, 'id', ledger, task, (capture) => shownCapture(capture, includeContent))),
    'terminal-captures.json': () => json(sections.terminal_captures.all()),
    'agent-observations.json': () => json(sections.agent_observations.all()),
    'manager-cycles.json': () => json(sections.manager_cycles.all()),
    'manager-cycle-spans.json': () => json(sections.manager_cycle_spans.all()),
    'manager-decisions.json': () => json(sections.manager_decisions.all()),
    'mutation-audit.json': () => json(auditMutations(ledger, task, includeContent)),
    'replay.json': () => json(storyOf(ledger, task, { ...content, format: 'timeline' })),
    ...telemetryWriters(ledger, task, includeContent),
    ...transcriptWriters(ledger, task, request),
  };
  return exportFileNames.flatMap((name) => {
    const parts = writers[name];
    return parts === null ? [] : [{ name, chunks: () => printed(parts(), request.raw) }];
  });
}

/** What a file is made of: text, or something to be printed as JSON. */
type Parts = Iterable<{ readonly json: unknown } | string>;

/** Nothing leaves without having gone by the mask. Text comes in pieces that are whole: a secret is in one of them. */
function* printed(parts: Parts, isRaw: boolean): Generator<string> {
  for (const part of parts) {
    if (typeof part === 'string') yield isRaw ? part : maskSecrets(part);
    else {
      yield* isRaw ? jsonChunks(part.json) : jsonChunks(part.json, maskValue);
      yield '\n';
    }
  }
}

function json(value: unknown): Parts {
  return [{ json: value }];
}

function auditLists(
  ledger: Connection,
  task: Task,
  sections: ReturnType<typeof auditSections>,
  includeContent: boolean,
): object {
  const lists = Object.entries(sections).map(([name, section]) => [name, section.all()]);
  return {
    ...Object.fromEntries(lists),
    task: shownTask(task, includeContent),
    correlation_chains: correlationChains(ledger, task.id),
  };
}

function storyOf(ledger: Connection, task: Task, request: Omit<StoryRequest, 'role'>): object {
  const entries = story(ledger, task.id, { ...request, role: 'all' });
  return { entries, mode: request.format, role: 'all', task: shownTask(task, request.includeContent) };
}

/** What is made of a task's rows, one after the other. */
function* each<Row, Order extends string, Shown>(
  table: PagedTable<Row, Order>,
  order: Order,
  ledger: Connection,
  task: Task,
  show: (row: Row) => Shown,
): Generator<Shown> {
  for (const { row } of table.each(ledger, task.id, { order, direction: 'oldest-first' })) yield show(row);
}

/** All of it, oldest first: nothing is cut off (AT-8). */
function telemetryWriters(ledger: Connection, task: Task, includeContent: boolean) {
  const records = () => each(taskTelemetry, 'time', ledger, task, (record) => showTelemetry(record, includeContent));
  const summary = () => summarise(countTelemetry(ledger, { taskId: task.id }));
  return {
    'telemetry-events.json': () => json(records()),
    'telemetry-summary.json': () => json(summary()),
    'telemetry-report.md': () => report(task, summary(), records()),
  };
}

function* report(task: Task, summary: TelemetrySummary, records: Iterable<TelemetryRecord>): Generator<string> {
  const counts = Object.entries(summary.by_event_type).toSorted(([left], [right]) => (left < right ? -1 : 1));
  yield [
    `# Telemetry of ${task.name}`,
    '',
    `- Task: ${task.id}`,
    `- Events: ${summary.total}`,
    `- First: ${summary.first_timestamp ?? 'none'}`,
    `- Last: ${summary.last_timestamp ?? 'none'}`,
    '',
    '## Kinds of events',
    '',
    ...counts.map(([type, count]) => `- ${type}: ${count}`),
    '',
    '## Timeline',
    '',
    '',
  ].join('\n');
  for (const record of records) yield `- ${telemetryLine(record).trimEnd()}\n`;
}

function transcriptWriters(
  ledger: Connection,
  task: Task,
  { includeContent, raw, includeTranscripts, includeFullTranscripts }: ExportRequest,
) {
  const isFull = includeFullTranscripts;
  const segments = () => each(wholeSegments, 'audit', ledger, task, (segment) => segment);
  const transcript = (role: SessionRole) =>
    isFull
      ? () => each(wholeSegments, 'audit', ledger, task, (row) => (row.role === role ? segmentText(row) : ''))
      : null;
  // With what terminals showed, which was asked for; what was said elsewhere only if that was asked for too.
  const request = { format: 'full-transcript', includeContent, raw, includeSegments: true } as const;
  return {
    'transcript-segments.json': isFull || includeTranscripts ? () => json(segments()) : null,
    'replay-full-transcript.json': isFull ? () => json(storyOf(ledger, task, request)) : null,
    'transcripts/worker.txt': transcript('worker'),
    'transcripts/manager.txt': transcript('manager'),
  };
}

function segmentText(segment: WholeSegment): string {
  const { id, role, captured_at: at, segment_kind: kind, segment_text: text } = segment;
  return `--- ${role} segment ${id} ${at} (${kind}) ---\n${text ?? '[metadata only]'}\n`;
}

function shownPrompt({ content, policy, source_snapshot, ...facts }: Prompt, includeContent: boolean): JsonObject {
  if (includeContent) return { ...facts, content, policy, source_snapshot };
  return {
    ...facts,
    ...measured('content', content),
    policy: redactWords(policy),
    source_snapshot: redactWords(source_snapshot),
  };
}

function shownCapture({ content, ...facts }: WorkerCapture, includeContent: boolean): JsonObject {
  if (includeContent || content === null) return { ...facts, content };
  return { ...facts, ...measured('content', content) };
}

function measured(name: string, words: string): JsonObject {
  const { bytes, lines } = measure(words);
  return { [`${name}_redacted`]: true, [`${name}_byte_count`]: bytes, [`${name}_line_count`]: lines };
}
