import type {
  AttentionItem,
  CriterionView,
  PanelSnapshot,
  Problem,
  SessionView,
  TaskView,
} from '../protocol/snapshot.ts';
import { type Disposable, Emitter } from './disposables.ts';
import type { EngineState } from './engine/engineHost.ts';

/** Why no engine runs anywhere, or null when engines may. */
export type Idleness = 'no_folder' | 'untrusted' | null;

/** A folder of the workspace. */
export interface Place {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
}

/** A ledger, with the folder that it is shown under. */
export interface FolderState {
  /** Absolute path: the key everywhere. */
  readonly path: string;
  readonly name: string;
  /** All folders of the workspace that have this ledger: that one, and with a shared state root the others. */
  readonly places: readonly Place[];
  readonly engine: EngineState;
}

export interface TaskRef {
  readonly folder: string;
  readonly task: string;
}

export interface InFolder<T> {
  readonly folder: FolderState;
  readonly item: T;
}

/**
 * What the window shows: the engines' snapshots side by side, and which task is looked at. Views read it and redraw on
 * `onChanged`; nothing else is state.
 */
export class PanelModel implements Disposable {
  readonly #folders = new Map<string, FolderState>();
  readonly #changed = new Emitter<void>();
  #idleness: Idleness = 'no_folder';
  #selected: TaskRef | null = null;

  readonly onChanged = this.#changed.on;

  get idleness(): Idleness {
    return this.#idleness;
  }

  get folders(): readonly FolderState[] {
    return [...this.#folders.values()];
  }

  /** The chosen task, else the one most likely meant: the newest that is still open. */
  get selectedTask(): InFolder<TaskView> | null {
    const tasks = this.tasks;
    const chosen = tasks.find(
      ({ folder, item }) => folder.path === this.#selected?.folder && item.name === this.#selected.task,
    );
    return chosen ?? tasks.findLast(({ item }) => isOpen(item)) ?? tasks.at(-1) ?? null;
  }

  get tasks(): readonly InFolder<TaskView>[] {
    return this.#collect((snapshot) => snapshot.tasks);
  }

  get sessions(): readonly InFolder<SessionView>[] {
    return this.#collect((snapshot) => snapshot.sessions);
  }

  get criteria(): readonly InFolder<CriterionView>[] {
    return this.#collect((snapshot) => snapshot.criteria);
  }

  get attention(): readonly InFolder<AttentionItem>[] {
    return this.#collect((snapshot) => snapshot.attention);
  }

  get problems(): readonly InFolder<Problem>[] {
    return this.#collect((snapshot) => snapshot.problems);
  }

  /** By any of its places. */
  folder(path: string): FolderState | null {
    return this.#folders.get(path) ?? this.folders.find(({ places }) => places.some((at) => at.path === path)) ?? null;
  }

  setIdle(idleness: Idleness): void {
    this.#idleness = idleness;
    if (idleness !== null) this.#folders.clear();
    this.#changed.fire();
  }

  setFolder(folder: FolderState): void {
    this.#folders.set(folder.path, folder);
    this.#changed.fire();
  }

  removeFolder(path: string): void {
    if (this.#folders.delete(path)) this.#changed.fire();
  }

  select({ folder, task: name }: TaskRef): void {
    const task = { folder: this.folder(folder)?.path ?? folder, task: name };
    if (this.#selected?.folder === task.folder && this.#selected.task === task.task) return;
    this.#selected = task;
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #collect<T>(itemsOf: (snapshot: PanelSnapshot) => readonly T[]): readonly InFolder<T>[] {
    return this.folders.flatMap((folder) => {
      const snapshot = folder.engine.snapshot;
      return snapshot === null ? [] : itemsOf(snapshot).map((item) => ({ folder, item }));
    });
  }
}

export function isOpen(task: TaskView): boolean {
  return task.state !== 'done' && task.state !== 'failed';
}
