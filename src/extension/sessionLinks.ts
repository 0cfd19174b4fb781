import * as vscode from 'vscode';

import type { EngineRpc } from '../protocol/engine.ts';
import type { PanelModel } from './model.ts';
import type { SessionTerminals } from './sessionTerminals.ts';

interface Parts {
  readonly model: PanelModel;
  readonly terminals: SessionTerminals;
  readonly rpc: (folder: string) => EngineRpc | null;
}

/**
 * Links of the form `vscode://agent-conveyor.agent-conveyor-vscode/watch?session=ID`. Any web page can have one opened:
 * it shows the terminal of a confirmed session of a folder that is open here, to be watched, and can do nothing else.
 */
export class SessionLinks implements vscode.UriHandler {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async handleUri(uri: vscode.Uri): Promise<void> {
    const reason = await this.open(uri);
    if (reason !== null) void vscode.window.showInformationMessage(reason);
  }

  /** Null once the terminal is shown, else why not. */
  async open(uri: vscode.Uri): Promise<string | null> {
    const { model, terminals, rpc } = this.#parts;
    const sessionId = uri.path === '/watch' ? new URLSearchParams(uri.query).get('session') : null;
    if (!sessionId) return 'This link asks for nothing that Conveyor can open.';
    const place = model.sessions.find(({ item }) => item.id === sessionId);
    if (place === undefined)
      return 'The session of this link belongs to no folder that is open here. Open its folder first.';
    const answer = await rpc(place.folder.path)?.watchTarget(sessionId);
    if (answer === undefined) return 'The engine of that folder does not run just now. Try again in a moment.';
    return answer.ok ? terminals.watch(place.folder.path, answer) : `Not opened: ${answer.message}.`;
  }
}
