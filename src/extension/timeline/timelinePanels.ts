import * as vscode from 'vscode';

import type { EngineRpc } from '../../protocol/engine.ts';
import { timelineMemory } from '../../protocol/timelineView.ts';
import { type Disposable, DisposableStore, Emitter } from '../disposables.ts';
import { timelinePanelType } from '../ids.ts';
import type { PanelModel, TaskRef } from '../model.ts';
import { TimelinePanel } from './timelinePanel.ts';

interface Parts {
  readonly extensionUri: vscode.Uri;
  readonly model: PanelModel;
  readonly rpc: (folder: string) => EngineRpc | null;
  readonly openTerminal: (folder: string, session: string) => void;
}

/** The open timelines, one a task. A reload of the window brings them back. */
export class TimelinePanels implements Disposable, vscode.WebviewPanelSerializer {
  readonly #panels = new Map<string, TimelinePanel>();
  readonly #owned = new DisposableStore();
  readonly #faced = new Emitter<void>();
  readonly #parts: Parts;

  /** What the person has in front of them may have changed. */
  readonly onFaced = this.#faced.on;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#owned.add(vscode.window.registerWebviewPanelSerializer(timelinePanelType, this));
  }

  open(ref: TaskRef): void {
    const known = this.#panels.get(keyOf(ref));
    if (known) {
      known.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(timelinePanelType, ref.task, vscode.ViewColumn.Active, {
      enableScripts: true,
      enableFindWidget: true,
    });
    this.#adopt(panel, ref);
  }

  /** Whether the person has this task's timeline in front of them. */
  isLookedAt(ref: TaskRef): boolean {
    return vscode.window.state.focused && this.#panels.get(keyOf(ref))?.isFaced === true;
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const memory = timelineMemory.safeParse(state);
    if (memory.success) this.#adopt(panel, memory.data);
    else panel.dispose();
  }

  dispose(): void {
    this.#owned.dispose();
    this.#faced.dispose();
    for (const panel of Array.from(this.#panels.values())) panel.dispose();
  }

  #adopt(panel: vscode.WebviewPanel, ref: TaskRef): void {
    const timeline = new TimelinePanel({ ...this.#parts, panel, ref: { folder: ref.folder, task: ref.task } });
    this.#panels.set(keyOf(ref), timeline);
    timeline.onFaced(() => this.#faced.fire());
    timeline.onClosed(() => this.#panels.delete(keyOf(ref)));
  }
}

function keyOf({ folder, task }: TaskRef): string {
  return `${folder}\n${task}`;
}
