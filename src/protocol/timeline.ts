import * as z from 'zod/mini';

/** One replay entry of a task. Entries are immutable but for `state` and `summary`, which follow the row behind them. */
export const timelineEntry = z.object({
  /** `<table>:<row id>`: stable, so that a changed entry replaces the older one. */
  id: z.string(),
  at: z.string(),
  /** Replay kind: command, command_attempt, routed_notification, decision, acceptance_criterion, observe, finish … */
  kind: z.string(),
  /** worker, manager, dispatch, operator, workerctl, reviewer, system; `manager -> worker` for legacy rows. */
  actor: z.string(),
  /** The role it carries something to, for messages on their way; null for everything else. */
  toward: z.nullable(z.enum(['worker', 'manager'])),
  summary: z.string(),
  /** State of the row behind it where it has one (pending, succeeded, failed, busy …). */
  state: z.nullable(z.string()),
  /** How much it deserves a second look, whatever its state says. */
  severity: z.enum(['info', 'warning', 'error']),
  correlationId: z.nullable(z.string()),
  /** Label and value pairs for the detail pane, in order; values are plain text, possibly of several lines. */
  details: z.readonly(z.array(z.object({ label: z.string(), value: z.string() }))),
});
export type TimelineEntry = z.infer<typeof timelineEntry>;

export const timelinePage = z.object({
  /** Oldest first. */
  entries: z.readonly(z.array(timelineEntry)),
  /** Pass it to get the page before this one; null at the beginning. */
  olderCursor: z.nullable(z.string()),
  total: z.int(),
});
export type TimelinePage = z.infer<typeof timelinePage>;
