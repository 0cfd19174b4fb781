import * as vscode from 'vscode';

import type { EngineRpc, WatchOrder } from '../protocol/engine.ts';
import type { AttentionItem } from '../protocol/snapshot.ts';
import { affectsEngine, readConfiguration } from './configuration.ts';
import { type Disposable, DisposableStore, Emitter } from './disposables.ts';
import { EngineHost } from './engine/engineHost.ts';
import type { EngineLog } from './engine/engineLog.ts';
import { engineStartFor, type EngineSurroundings, stateRootOf } from './engine/engineStart.ts';
import { realStateRoot } from './engine/realStateRoot.ts';
import type { StartSupervisor } from './engine/supervisorThread.ts';
import type { FolderState, InFolder, PanelModel, Place } from './model.ts';

/** One ledger, and the folders of the workspace that have it: one, or several with an absolute `WORKERCTL_STATE_ROOT`. */
interface RunningLedger {
  readonly at: { places: Places };
  readonly host: EngineHost;
  readonly owned: DisposableStore;
}

type Places = readonly [Place, ...Place[]];

/**
 * One engine for each ledger that the folders of a trusted workspace have, none in any other. Follows folders, trust
 * and settings, and keeps the model up to date. Owns every engine of the window.
 */
export class WorkspaceEngines implements Disposable {
  /** By where the ledger's state root really is. */
  readonly #running = new Map<string, RunningLedger>();
  readonly #owned = new DisposableStore();
  readonly #attention = new Emitter<InFolder<AttentionItem>>();
  readonly #model: PanelModel;
  readonly #startThread: StartSupervisor;
  readonly #log: EngineLog;
  readonly #around: EngineSurroundings;
  readonly #watchTerminal: (folder: string, order: WatchOrder) => string | null;
  #goodbyes: Promise<void>[] = [];

  readonly onAttention = this.#attention.on;

  constructor(parts: {
    model: PanelModel;
    startThread: StartSupervisor;
    log: EngineLog;
    around: EngineSurroundings;
    watchTerminal: (folder: string, order: WatchOrder) => string | null;
  }) {
    this.#model = parts.model;
    this.#startThread = parts.startThread;
    this.#log = parts.log;
    this.#around = parts.around;
    this.#watchTerminal = parts.watchTerminal;
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
    const isIts = ({ at }: RunningLedger) => at.places.some(({ path }) => path === folder);
    return [...this.#running.values()].find(isIts)?.host.rpc ?? null;
  }

  /** Rebuilds every engine; resolves when the old ones are gone and the new ones are on their way. */
  async restart(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ host }) => host.restart()));
  }

  dispose(): void {
    this.#owned.dispose();
    this.#attention.dispose();
    for (const root of this.#running.keys()) this.#stop(root);
  }

  /** Resolves when no engine of this window is left: what deactivation waits for. */
  async settled(): Promise<void> {
    await Promise.all(this.#goodbyes);
  }

  #follow(): void {
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
    const places = folders.map(({ uri, name }) => ({ path: uri.fsPath, name }));
    const wanted = this.#byLedger(vscode.workspace.isTrusted ? places : []);
    for (const root of this.#running.keys()) if (!wanted.has(root)) this.#stop(root);
    this.#model.setIdle(folders.length === 0 ? 'no_folder' : vscode.workspace.isTrusted ? null : 'untrusted');
    for (const [root, some] of wanted) {
      const running = this.#running.get(root);
      if (running) this.#move(running, some);
      else this.#run(root, some);
    }
  }

  #byLedger(places: readonly Place[]): ReadonlyMap<string, Places> {
    const found = new Map<string, Places>();
    for (const place of places) {
      const root = realStateRoot(stateRootOf(place.path, this.#around.environment['WORKERCTL_STATE_ROOT']));
      const known = found.get(root);
      found.set(root, known ? [...known, place] : [place]);
    }
    return found;
  }

  #run(root: string, places: Places): void {
    const at = { places };
    const host = new EngineHost({
      start: () => engineStartFor(at.places[0].path, readConfiguration(), this.#around),
      startThread: this.#startThread,
      log: this.#log,
      watchTerminal: (order) => this.#watchTerminal(at.places[0].path, order),
    });
    const running: RunningLedger = { at, host, owned: new DisposableStore() };
    running.owned.addAll(
      host,
      host.onChanged(() => this.#show(running)),
      host.onAttention((item) => this.#attention.fire({ folder: folderOf(running), item })),
    );
    this.#running.set(root, running);
    this.#show(running);
  }

  /** Folders came or went, the ledger stays. The engine starts anew where the folder that it works in has gone. */
  #move(running: RunningLedger, places: Places): void {
    if (JSON.stringify(running.at.places) === JSON.stringify(places)) return;
    const left = running.at.places[0].path;
    running.at.places = places;
    if (left !== places[0].path) {
      this.#model.removeFolder(left);
      void running.host.restart();
    }
    this.#show(running);
  }

  #show(running: RunningLedger): void {
    this.#model.setFolder(folderOf(running));
  }

  #stop(root: string): void {
    const running = this.#running.get(root);
    if (!running) return;
    this.#running.delete(root);
    running.owned.dispose();
    this.#goodbyes = [...this.#goodbyes, running.host.settled];
    this.#model.removeFolder(running.at.places[0].path);
  }
}

function folderOf({ at: { places }, host }: RunningLedger): FolderState {
  const [{ path }] = places;
  return { path, name: places.map(({ name }) => name).join(', '), places, engine: host.state };
}
