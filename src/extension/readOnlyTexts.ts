import * as vscode from 'vscode';

import { type Disposable, DisposableStore } from './disposables.ts';
import { readOnlyScheme } from './ids.ts';

/** Texts to look at: in an editor that nobody can write in, so that closing it asks for nothing to be saved. */
export class ReadOnlyTexts implements vscode.TextDocumentContentProvider, Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #owned = new DisposableStore();

  readonly onDidChange = this.#changed.event;

  constructor() {
    this.#owned.addAll(
      this.#changed,
      vscode.workspace.registerTextDocumentContentProvider(readOnlyScheme, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#texts.delete(uri.toString())),
    );
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? '';
  }

  /** Its language is that of the name's ending. */
  async show(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: readOnlyScheme, path: `/${name}` });
    this.#texts.set(uri.toString(), text);
    this.#changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
  }

  dispose(): void {
    this.#owned.dispose();
  }
}
