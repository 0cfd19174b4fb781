import type { JsonObject, JsonValue } from '../domain/json.ts';

/** One thing that happened to a task. Wire names. */
export interface ReplayEntry {
  readonly timestamp: string;
  readonly kind: string;
  readonly actor: string;
  readonly summary: string;
  /** The table it comes from, and its key there. */
  readonly source: string;
  readonly source_id: number | string;
  readonly details: JsonObject;
  /** Of transcript segments, when content was asked for. */
  readonly content?: string | null | undefined;
}

const summaryLimit = 220;

/** On one line, and not longer than a line should be. */
export function collapse(words: unknown, limit = summaryLimit): string {
  const line = typeof words === 'string' ? words.replace(/\s+/g, ' ').trim() : '';
  return line.length <= limit ? line : `${line.slice(0, limit - 3)}...`;
}

/**
 * What one second cannot tell apart: a turn ends and is told of, a cycle sees it, its manager decides, a command is queued,
 * tried and delivered; what sums it up comes last (AT-5). As in the timeline of the panel (`timelineStore`).
 */
const causesFirst = [
  'capture',
  'transcript_segment',
  'signal',
  'manager_cycle_span',
  'observe',
  'decision',
  'acceptance_criterion',
  'acknowledgement',
  'handoff',
  'continuation',
  'continuation_review',
  'epilogue',
  'command',
  'command_attempt',
  'action',
  'routed_notification',
  'signal_chain',
  'correlation_chain',
];
const ranks: ReadonlyMap<string, number> = new Map(causesFirst.map((step, rank) => [step, rank]));

/** By time, then by cause and effect. Entries of one table and step are left in the order in which they come. */
export function compareEntries(left: ReplayEntry, right: ReplayEntry): number {
  return compareKeys(left.timestamp, right.timestamp) || rankOf(left) - rankOf(right);
}

/** Each source of a story has a rank of its own, so that no two sources can ever meet as equals. */
function rankOf(entry: ReplayEntry): number {
  const rank = ranks.get(stepOf(entry));
  if (rank === undefined) throw new Error(`entries of the kind ${entry.kind} have no place in a story`);
  return rank;
}

function stepOf({ kind, source, details }: ReplayEntry): string {
  switch (source) {
    case 'commands':
      return 'command';
    case 'routed_notifications':
      return details.command_id === null ? 'signal' : 'routed_notification';
    case 'correlation_chains':
      return details.command_id === null ? 'signal_chain' : 'correlation_chain';
    case 'events':
      return kind === 'acceptance_criterion' ? kind : 'action';
    default:
      return kind;
  }
}

function compareKeys(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Where an entry stands among all: what `--before` takes. */
export function cursorOf({ timestamp, source, source_id }: ReplayEntry): string {
  return `${timestamp}/${source}/${source_id}`;
}

export function textOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
