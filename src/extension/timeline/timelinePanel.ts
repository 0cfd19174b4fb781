import { randomBytes } from 'node:crypto';

import { createBirpc } from 'birpc';
import * as vscode from 'vscode';

import type { EngineRpc } from '../../protocol/engine.ts';
import type { TimelinePage } from '../../protocol/timeline.ts';
import type { TimelineHost, TimelineMemory, TimelinePageEvents, TimelineScene } from '../../protocol/timelineView.ts';
import { whyFolderNotReady, whyNotReady } from '../commands/readiness.ts';
import { type Disposable, DisposableStore, Emitter } from '../disposables.ts';
import type { PanelModel, TaskRef } from '../model.ts';
import { timelineHtml } from './timelineHtml.ts';
import { readyScene, sceneKey } from './timelineScene.ts';

const pageSize = 200;

export interface TimelinePanelParts {
  readonly panel: vscode.WebviewPanel;
  readonly ref: TaskRef;
  readonly model: PanelModel;
  readonly extensionUri: vscode.Uri;
  readonly rpc: (folder: string) => EngineRpc | null;
  readonly openTerminal: (folder: string, session: string) => void;
}

/**
 * One task's timeline in one editor tab. A hidden page is thrown away by VS Code and asks again when it returns, so
 * nothing is sent to it while it is hidden.
 */
export class TimelinePanel implements Disposable {
  readonly #parts: TimelinePanelParts;
  readonly #owned = new DisposableStore();
  readonly #closed = new Emitter<void>();
  readonly #faced = new Emitter<void>();
  readonly #page: ReturnType<typeof createBirpc<TimelinePageEvents, TimelineHost>>;
  #shown = '';
  /** What was read last: still shown, marked as old, while no engine can answer. */
  #lastPage: TimelinePage | null = null;
  #isLoading = false;

  readonly onClosed = this.#closed.on;
  /** It came to the front, or what was read of the ledger is on its page. */
  readonly onFaced = this.#faced.on;

  constructor(parts: TimelinePanelParts) {
    this.#parts = parts;
    const { panel, ref, model } = parts;
    panel.title = `${ref.task} · Timeline`;
    panel.iconPath = timelineIcon(parts.extensionUri);
    const { webview } = panel;
    this.#page = createBirpc<TimelinePageEvents, TimelineHost>(this.#answers(), {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- VS Code's webview has no origin to name
      post: (message) => webview.postMessage(message),
      on: (listener) => this.#owned.add(webview.onDidReceiveMessage(listener)),
      eventNames: ['show'],
    });
    this.#owned.addAll(
      panel.onDidDispose(() => this.dispose()),
      panel.onDidChangeViewState(() => this.#faced.fire()),
      model.onChanged(() => void this.#refresh()),
    );
    this.#draw();
  }

  /** Whether it is the editor in front, with something on its page. */
  get isFaced(): boolean {
    return this.#parts.panel.active && this.#lastPage !== null;
  }

  reveal(): void {
    this.#parts.panel.reveal();
  }

  dispose(): void {
    if (this.#owned.isDisposed) return;
    this.#page.$close();
    this.#owned.dispose();
    this.#parts.panel.dispose();
    this.#closed.fire();
    this.#closed.dispose();
    this.#faced.dispose();
  }

  #draw(): void {
    const { panel, extensionUri, ref } = this.#parts;
    const folder = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
    panel.webview.options = { enableScripts: true, localResourceRoots: [folder] };
    const inFolder = (name: string) => panel.webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString();
    panel.webview.html = timelineHtml({
      source: panel.webview.cspSource,
      script: inFolder('timeline.js'),
      style: inFolder('timeline.css'),
      nonce: randomBytes(16).toString('base64url'),
      title: panel.title,
      memory: { folder: ref.folder, task: ref.task } satisfies TimelineMemory,
    });
  }

  #answers(): TimelineHost {
    const { ref, rpc, openTerminal } = this.#parts;
    return {
      ready: () => this.#scene(),
      retry: () => this.#scene(),
      older: async (cursor) => {
        const engine = rpc(ref.folder);
        if (!engine || typeof cursor !== 'string') return { entries: [], olderCursor: null, total: 0 };
        return engine.timelinePage({ task: ref.task, before: cursor, limit: pageSize });
      },
      openTerminal: async (session) => {
        if (typeof session === 'string') openTerminal(ref.folder, session);
      },
    };
  }

  /** At most one fetch at a time; what changed meanwhile is fetched right after. */
  async #refresh(): Promise<void> {
    const { model, ref, panel } = this.#parts;
    if (this.#isLoading || !panel.visible || sceneKey(model, ref) === this.#shown) return;
    this.#isLoading = true;
    try {
      const scene = await this.#scene();
      if (!this.#owned.isDisposed) await this.#page.show.asEvent(scene);
    } finally {
      this.#isLoading = false;
    }
    if (this.#shown !== '') await this.#refresh();
  }

  async #scene(): Promise<TimelineScene> {
    const { model, ref, rpc } = this.#parts;
    this.#shown = sceneKey(model, ref);
    const folder = model.folder(ref.folder);
    const engine = rpc(ref.folder);
    if (folder?.engine.kind !== 'ready' && this.#lastPage) {
      const old = readyScene(model, ref, this.#lastPage);
      if (old) return old;
    }
    if (folder?.engine.kind === 'starting') return { kind: 'loading', task: ref.task };
    if (!folder || !engine) return this.#failure(whyNot(model, ref));
    try {
      const page = await engine.timelinePage({ task: ref.task, before: null, limit: pageSize });
      this.#lastPage = page;
      this.#faced.fire();
      return (
        readyScene(model, ref, page) ??
        this.#failure({
          message: `There is no task “${ref.task}” in this folder any more.`,
          remedy: null,
          canRetry: false,
        })
      );
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return this.#failure({ message: `The timeline could not be read: ${message}`, remedy: null, canRetry: true });
    }
  }

  /** Whatever changes next is worth another try. */
  #failure(reason: { message: string; remedy: string | null; canRetry: boolean }): TimelineScene {
    this.#shown = '';
    return { kind: 'failed', task: this.#parts.ref.task, ...reason };
  }
}

function timelineIcon(extensionUri: vscode.Uri): { light: vscode.Uri; dark: vscode.Uri } {
  const inMedia = (name: string) => vscode.Uri.joinPath(extensionUri, 'media', name);
  return { light: inMedia('timeline-light.svg'), dark: inMedia('timeline-dark.svg') };
}

function whyNot(model: PanelModel, ref: TaskRef): { message: string; remedy: string | null; canRetry: boolean } {
  const folder = model.folder(ref.folder);
  const reason = (folder ? whyFolderNotReady(folder) : null) ?? whyNotReady(model);
  return {
    message: reason?.message ?? 'The folder of this task is not open.',
    remedy: reason?.remedy ?? null,
    canRetry: true,
  };
}
