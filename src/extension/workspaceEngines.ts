import * as vscode from 'vscode';

import type { EngineRpc } from '../protocol/engine.ts';
import type { AttentionItem } from '../protocol/snapshot.ts';
import { affectsEngine, readConfiguration } from './configuration.ts';
import { type Disposable, DisposableStore, Emitter } from './disposables.ts';
import { EngineHost } from './engine/engineHost.ts';
import type { EngineLog } from './engine/engineLog.ts';
import { engineStartFor, type EngineSurroundings } from './engine/engineStart.ts';
import type { StartSupervisor } from './engine/supervisorThread.ts';
import type { InFolder, PanelModel } from './model.ts';

interface RunningFolder {
  readonly host: EngineHost;
  readonly owned: DisposableStore;
}

/**
 * One engine for each folder of a trusted workspace, none in any other. Follows folders, trust and settings, and keeps
 * the model up to date. Owns every engine of the window.
 */
export class WorkspaceEngines implements Disposable {
  readonly #running = new Map<string, RunningFolder>();
  readonly #owned = new DisposableStore();
  readonly #attention = new Emitter<InFolder<AttentionItem>>();
  readonly #model: PanelModel;
  readonly #startThread: StartSupervisor;
  readonly #log: EngineLog;
  readonly #around: EngineSurroundings;
  #goodbyes: Promise<void>[] = [];

  readonly onAttention = this.#attention.on;

  constructor(parts: { model: PanelModel; startThread: StartSupervisor; log: EngineLog; around: EngineSurroundings }) {
    this.#model = parts.model;
    this.#startThread = parts.startThread;
    this.#log = parts.log;
    this.#around = parts.around;
    this.#owned.addAll(
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#follow()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#follow()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (affectsEngine(event)) void this.restart();
      }),
    );
    this.#follow();
  }

  /** The engine of a folder, or null while none can answer. */
  rpc(folder: string): EngineRpc | null {
    return this.#running.get(folder)?.host.rpc ?? null;
  }

  /** Rebuilds every engine; resolves when the old ones are gone and the new ones are on their way. */
  async restart(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ host }) => host.restart()));
  }

  dispose(): void {
    this.#owned.dispose();
    this.#attention.dispose();
    for (const path of this.#running.keys()) this.#stop(path);
  }

  /** Resolves when no engine of this window is left: what deactivation waits for. */
  async settled(): Promise<void> {
    await Promise.all(this.#goodbyes);
  }

  #follow(): void {
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
    const wanted = vscode.workspace.isTrusted ? folders : [];
    const paths = new Set(wanted.map(({ uri }) => uri.fsPath));
    for (const path of this.#running.keys()) if (!paths.has(path)) this.#stop(path);
    this.#model.setIdle(folders.length === 0 ? 'no_folder' : vscode.workspace.isTrusted ? null : 'untrusted');
    for (const { uri, name } of wanted) if (!this.#running.has(uri.fsPath)) this.#run(uri.fsPath, name);
  }

  #run(path: string, name: string): void {
    const host = new EngineHost({
      start: () => engineStartFor(path, readConfiguration(), this.#around),
      startThread: this.#startThread,
      log: this.#log,
    });
    const owned = new DisposableStore();
    owned.addAll(
      host,
      host.onChanged((engine) => this.#model.setFolder({ path, name, engine })),
      host.onAttention((item) => this.#attention.fire({ folder: { path, name, engine: host.state }, item })),
    );
    this.#running.set(path, { host, owned });
    this.#model.setFolder({ path, name, engine: host.state });
  }

  #stop(path: string): void {
    const running = this.#running.get(path);
    if (!running) return;
    this.#running.delete(path);
    running.owned.dispose();
    this.#goodbyes = [...this.#goodbyes, running.host.settled];
    this.#model.removeFolder(path);
  }
}
