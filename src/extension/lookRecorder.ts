import * as vscode from 'vscode';

import type { EngineRpc } from '../protocol/engine.ts';
import type { SessionView } from '../protocol/snapshot.ts';
import { type Disposable, DisposableStore } from './disposables.ts';
import type { InFolder, PanelModel } from './model.ts';
import { isUnread } from './rows/sessionRows.ts';
import type { SessionTerminals } from './sessionTerminals.ts';
import type { TimelinePanels } from './timeline/timelinePanels.ts';

interface Parts {
  readonly model: PanelModel;
  readonly terminals: SessionTerminals;
  readonly timelines: TimelinePanels;
  readonly rpc: (folder: string) => EngineRpc | null;
}

/**
 * Whoever has a session's terminal (also one that only watches) or the timeline of its task in front of them when its
 * turn ends, or opens one of them afterwards, has read it.
 */
export function recordLooks({ model, terminals, timelines, rpc }: Parts): Disposable {
  const told = new Set<string>();
  const isLookedAt = ({ folder, item }: InFolder<SessionView>) =>
    terminals.isLookedAt(folder.path, item.name) ||
    (item.task !== null && timelines.isLookedAt({ folder: folder.path, task: item.task }));
  const look = () => {
    for (const place of model.sessions) {
      const { folder, item } = place;
      if (!isUnread(item.attention) || !isLookedAt(place)) continue;
      const turn = [folder.path, item.id, item.attention.since].join('\n');
      const engine = rpc(folder.path);
      if (told.has(turn) || engine === null) continue;
      told.add(turn);
      // A refusal is in the engine's log; asked again at each change it would go round and round. An engine that ended
      // meanwhile took nothing down: its successor is told.
      void engine.runOperation('mark-read', { name: item.name }).catch(() => told.delete(turn));
    }
  };
  const owned = new DisposableStore();
  owned.addAll(
    model.onChanged(look),
    timelines.onFaced(look),
    vscode.window.onDidChangeActiveTerminal(look),
    vscode.window.onDidChangeWindowState(look),
  );
  return owned;
}
