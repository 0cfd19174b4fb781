import * as z from 'zod/mini';

import { criterionCounts } from './snapshot.ts';
import { type TimelinePage, timelinePage } from './timeline.ts';

/**
 * The contract between a timeline page and the host behind it: a panel of VS Code, or the dashboard's server.
 * Whole scenes only, the newest wins: a page that was hidden lost nothing that it can't ask for again.
 */

const actorState = z.object({
  role: z.enum(['worker', 'manager']),
  name: z.string(),
  /** busy, idle, needs approval …, as the trees say it. */
  word: z.string(),
  needsYou: z.boolean(),
});

export const timelineScene = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('loading'), task: z.string() }),
  z.object({
    kind: z.literal('failed'),
    task: z.string(),
    message: z.string(),
    remedy: z.nullable(z.string()),
    canRetry: z.boolean(),
  }),
  z.object({
    kind: z.literal('ready'),
    task: z.string(),
    goal: z.string(),
    state: z.string(),
    criteria: criterionCounts,
    actors: z.array(actorState),
    /** The newest page. */
    page: timelinePage,
    /** Why what is shown may be old, or null. */
    staleReason: z.nullable(z.string()),
  }),
]);
export type TimelineScene = z.infer<typeof timelineScene>;
export type ReadyScene = Extract<TimelineScene, { kind: 'ready' }>;

/** What the page asks of its host. */
export interface TimelineHost {
  /** The page is there: sends the first scene as the answer. */
  ready(): Promise<TimelineScene>;
  older(cursor: string): Promise<TimelinePage>;
  retry(): Promise<TimelineScene>;
  openTerminal(session: string): Promise<void>;
}

/** What the host tells the page. */
export interface TimelinePageEvents {
  show(scene: TimelineScene): void;
}

/** What a page keeps while it is hidden or the window reloads. */
export const timelineMemory = z.object({
  folder: z.string(),
  task: z.string(),
  actor: z.optional(z.string()),
  showsMechanics: z.optional(z.boolean()),
});
export type TimelineMemory = z.infer<typeof timelineMemory>;
