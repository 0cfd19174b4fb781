import * as vscode from 'vscode';

import type { EngineRpc } from '../protocol/engine.ts';
import { type Disposable, DisposableStore } from './disposables.ts';
import type { PanelModel } from './model.ts';
import type { SessionTerminals } from './sessionTerminals.ts';

interface Parts {
  readonly model: PanelModel;
  readonly terminals: SessionTerminals;
  readonly rpc: (folder: string) => EngineRpc | null;
}

/** Whoever has a session's terminal in front of them when its turn ends, or opens it afterwards, has read it. */
export function recordLooks({ model, terminals, rpc }: Parts): Disposable {
  const told = new Set<string>();
  const look = () => {
    for (const { folder, item } of model.sessions) {
      const { state, detail, since } = item.attention;
      if (state !== 'turn_ended' || detail !== 'unread' || !terminals.isLookedAt(folder.path, item.name)) continue;
      const turn = [folder.path, item.id, since].join('\n');
      if (told.has(turn)) continue;
      told.add(turn);
      // What goes wrong here is in the engine's log; the turn stays unread.
      void rpc(folder.path)
        ?.runOperation('mark-read', { name: item.name })
        .catch(() => {});
    }
  };
  const owned = new DisposableStore();
  owned.addAll(
    model.onChanged(look),
    vscode.window.onDidChangeActiveTerminal(look),
    vscode.window.onDidChangeWindowState(look),
  );
  return owned;
}
