import type { TimelineEntry, TimelinePage } from '../../../src/protocol/timeline.ts';
import type { TimelineScene } from '../../../src/protocol/timelineView.ts';
import { kindLook } from './kinds.ts';
import { type Lane, laneOf, lanes } from './lanes.ts';

export interface TimelineState {
  readonly scene: TimelineScene | null;
  /** All that is loaded, oldest first, without gaps. */
  readonly entries: readonly TimelineEntry[];
  readonly olderCursor: string | null;
  readonly isLoadingOlder: boolean;
  readonly lane: Lane | null;
  readonly showsMechanics: boolean;
  /** Only what belongs to this chain of events. */
  readonly correlationId: string | null;
  readonly selectedId: string | null;
  /** The view stays at the newest entry. */
  readonly isFollowing: boolean;
  /** Entries that came in while the view was elsewhere. */
  readonly unseen: number;
}

export type TimelineEvent =
  | { readonly kind: 'sceneShown'; readonly scene: TimelineScene }
  | { readonly kind: 'olderRequested' }
  | { readonly kind: 'olderLoaded'; readonly page: TimelinePage }
  | { readonly kind: 'olderFailed' }
  | { readonly kind: 'laneChosen'; readonly lane: Lane | null }
  | { readonly kind: 'mechanicsToggled' }
  | { readonly kind: 'chainChosen'; readonly correlationId: string | null }
  | { readonly kind: 'entrySelected'; readonly id: string | null }
  | { readonly kind: 'scrolled'; readonly isAtEnd: boolean };

export function initialState(memory: {
  readonly actor?: string | undefined;
  readonly showsMechanics?: boolean | undefined;
}): TimelineState {
  return {
    scene: null,
    entries: [],
    olderCursor: null,
    isLoadingOlder: false,
    lane: lanes.find((lane) => lane === memory.actor) ?? null,
    showsMechanics: memory.showsMechanics ?? false,
    correlationId: null,
    selectedId: null,
    isFollowing: true,
    unseen: 0,
  };
}

export function reduce(state: TimelineState, event: TimelineEvent): TimelineState {
  switch (event.kind) {
    case 'sceneShown':
      return sceneShown(state, event.scene);
    case 'olderRequested':
      return { ...state, isLoadingOlder: true };
    case 'olderLoaded':
      return olderLoaded(state, event.page);
    case 'olderFailed':
      return { ...state, isLoadingOlder: false };
    case 'laneChosen':
      return { ...state, lane: event.lane };
    case 'mechanicsToggled':
      return { ...state, showsMechanics: !state.showsMechanics };
    case 'chainChosen':
      return { ...state, correlationId: event.correlationId };
    case 'entrySelected':
      return { ...state, selectedId: event.id };
    case 'scrolled':
      return { ...state, isFollowing: event.isAtEnd, unseen: event.isAtEnd ? 0 : state.unseen };
    default:
      return event satisfies never;
  }
}

/** What the filters leave. */
export function visibleEntries(state: TimelineState): readonly TimelineEntry[] {
  return state.entries.filter(
    (entry) =>
      (state.correlationId === null || entry.correlationId === state.correlationId) &&
      (state.lane === null || laneOf(entry.actor) === state.lane) &&
      (state.showsMechanics || state.correlationId !== null || kindLook(entry.kind).weight !== 'mechanics'),
  );
}

/** How many loaded entries each lane would show. */
export function laneCounts(state: TimelineState): Readonly<Record<Lane, number>> {
  const counts: Record<Lane, number> = { you: 0, manager: 0, conveyor: 0, worker: 0 };
  for (const entry of visibleEntries({ ...state, lane: null })) counts[laneOf(entry.actor)] += 1;
  return counts;
}

export function selectedEntry(state: TimelineState): TimelineEntry | null {
  return state.entries.find(({ id }) => id === state.selectedId) ?? null;
}

function sceneShown(state: TimelineState, scene: TimelineScene): TimelineState {
  if (scene.kind !== 'ready') return { ...state, scene };
  const { page } = scene;
  const known = new Set(state.entries.map(({ id }) => id));
  const fresh = page.entries.filter(({ id }) => !known.has(id)).length;
  // Without an overlap something between is unknown: start over from the newest page.
  const isContinuous = fresh < page.entries.length;
  const inPage = new Set(page.entries.map(({ id }) => id));
  const older = isContinuous ? state.entries.filter(({ id }) => !inPage.has(id)) : [];
  return {
    ...state,
    scene,
    entries: [...older, ...page.entries],
    olderCursor: isContinuous ? state.olderCursor : page.olderCursor,
    isLoadingOlder: isContinuous ? state.isLoadingOlder : false,
    unseen: state.isFollowing || state.entries.length === 0 ? 0 : state.unseen + fresh,
  };
}

function olderLoaded(state: TimelineState, page: TimelinePage): TimelineState {
  const known = new Set(state.entries.map(({ id }) => id));
  const older = page.entries.filter(({ id }) => !known.has(id));
  return { ...state, entries: [...older, ...state.entries], olderCursor: page.olderCursor, isLoadingOlder: false };
}
