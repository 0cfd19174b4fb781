import type { JsonObject } from '../domain/json.ts';
import { maskSecrets, maskValue } from '../domain/maskSecrets.ts';
import { listPrompts, listWorkerCaptures, type Prompt, type WorkerCapture } from '../ledger/exportStore.ts';
import type { Connection } from '../ledger/connection.ts';
import type { SessionRole } from '../ledger/sessionStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { countTelemetry, listTelemetry, type TelemetryRecord } from '../ledger/telemetryQueryStore.ts';
import { listNewestWithText } from '../ledger/transcriptStore.ts';
import { auditTask } from './audit.ts';
import { exportStatus } from './exportStatus.ts';
import { jsonChunks } from './jsonChunks.ts';
import { auditMutations } from './mutationAudit.ts';
import { measure, redactWords } from './redact.ts';
import { replayTask } from './replay.ts';
import { compareEntries } from './replayEntry.ts';
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
  const { includeContent } = request;
  // Once for all of its parts.
  const audit = auditTask(ledger, task, includeContent);
  const writers: Record<FileName, (() => Parts) | null> = {
    'task-status.json': () => json(exportStatus(ledger, task, includeContent)),
    'audit.json': () => json(audit),
    'acceptance-criteria.json': () => json(audit.acceptance_criteria),
    'prompts.json': () => json(listPrompts(ledger, task.id).map((prompt) => shownPrompt(prompt, includeContent))),
    'transcript-captures.json': () =>
      json(listWorkerCaptures(ledger, task.id).map((capture) => shownCapture(capture, includeContent))),
    'terminal-captures.json': () => json(audit.terminal_captures),
    'agent-observations.json': () => json(audit.agent_observations),
    'manager-cycles.json': () => json(audit.manager_cycles),
    'manager-cycle-spans.json': () => json(audit.manager_cycle_spans),
    'manager-decisions.json': () => json(audit.manager_decisions),
    'mutation-audit.json': () => json(auditMutations(ledger, task, includeContent)),
    'replay.json': () => json(story(ledger, task, 'timeline', includeContent)),
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
      yield* jsonChunks(isRaw ? part.json : maskValue(part.json));
      yield '\n';
    }
  }
}

function json(value: unknown): Parts {
  return [{ json: value }];
}

function story(ledger: Connection, task: Task, format: 'timeline' | 'full-transcript', includeContent: boolean) {
  const question = { format, role: 'all', before: null, limit: null, includeContent } as const;
  const { entries, mode, role } = replayTask(ledger, task, question);
  return { entries, mode, role, task };
}

/** All of it, oldest first: nothing is cut off (AT-8). */
function telemetryWriters(ledger: Connection, task: Task, includeContent: boolean) {
  const records = () =>
    listTelemetry(ledger, { taskId: task.id }, { limit: -1, newestFirst: false }).map((record) =>
      showTelemetry(record, includeContent),
    );
  const summary = () => summarise(countTelemetry(ledger, { taskId: task.id }));
  return {
    'telemetry-events.json': () => json(records()),
    'telemetry-summary.json': () => json(summary()),
    'telemetry-report.md': () => report(task, summary(), records()),
  };
}

function* report(task: Task, summary: TelemetrySummary, records: readonly TelemetryRecord[]): Generator<string> {
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
  { includeContent, includeTranscripts, includeFullTranscripts }: ExportRequest,
) {
  const segments = (role: SessionRole | null) => listNewestWithText(ledger, { taskId: task.id, role, limit: null });
  const isFull = includeFullTranscripts;
  const transcript = (role: SessionRole) => (isFull ? () => segments(role).map(segmentText) : null);
  return {
    'transcript-segments.json': isFull || includeTranscripts ? () => json(segments(null)) : null,
    'replay-full-transcript.json': isFull ? () => json(transcriptStory(ledger, task, includeContent)) : null,
    'transcripts/worker.txt': transcript('worker'),
    'transcripts/manager.txt': transcript('manager'),
  };
}

/** With what terminals showed, which was asked for; what was said elsewhere only if that was asked for too. */
function transcriptStory(ledger: Connection, task: Task, includeContent: boolean) {
  const full = story(ledger, task, 'full-transcript', true);
  if (includeContent) return full;
  const shown = story(ledger, task, 'timeline', false).entries;
  const terminals = full.entries.filter(({ source }) => source === 'transcript_segments');
  const entries = [...shown, ...terminals].toSorted(compareEntries);
  return { ...full, entries };
}

function segmentText(segment: ReturnType<typeof listNewestWithText>[number]): string {
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
