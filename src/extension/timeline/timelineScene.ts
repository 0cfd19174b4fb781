import type { AttentionItem, SessionView } from '../../protocol/snapshot.ts';
import type { TimelinePage } from '../../protocol/timeline.ts';
import type { ReadyScene } from '../../protocol/timelineView.ts';
import type { FolderState, PanelModel, TaskRef } from '../model.ts';
import { sessionLook } from '../rows/sessionRows.ts';

const staleReasons: Readonly<Record<FolderState['engine']['kind'], string | null>> = {
  ready: null,
  starting: 'The engine is starting.',
  failed: 'The engine stopped and starts again.',
};

/** The scene of a task that the model knows, around a page of its timeline; null when the task is gone. */
export function readyScene(model: PanelModel, ref: TaskRef, page: TimelinePage): ReadyScene | null {
  const folder = model.folder(ref.folder);
  const task = folder?.engine.snapshot?.tasks.find(({ name }) => name === ref.task);
  if (!folder || !task) return null;
  const actors = [task.worker, task.manager].flatMap((name) => {
    const session = folder.engine.snapshot?.sessions.find((candidate) => candidate.name === name);
    return session ? [actorState(session, folder)] : [];
  });
  return {
    kind: 'ready',
    task: task.name,
    goal: task.goal,
    state: task.state,
    criteria: task.criteria,
    actors,
    page,
    staleReason: staleReasons[folder.engine.kind],
  };
}

function actorState(session: SessionView, folder: FolderState): ReadyScene['actors'][number] {
  const waiting = folder.engine.snapshot?.attention.find((item: AttentionItem) => item.session === session.name);
  return {
    role: session.role,
    name: session.name,
    word: sessionLook(session, waiting).word,
    needsYou: waiting !== undefined,
  };
}

/** Grows or changes whenever the page has something new to show: compared before anything is fetched. */
export function sceneKey(model: PanelModel, ref: TaskRef): string {
  const scene = readyScene(model, ref, { entries: [], olderCursor: null, total: 0 });
  const version = model
    .folder(ref.folder)
    ?.engine.snapshot?.tasks.find(({ name }) => name === ref.task)?.timelineVersion;
  return JSON.stringify([scene, version, model.folder(ref.folder)?.engine.kind, model.idleness]);
}
