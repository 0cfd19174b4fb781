import * as vscode from 'vscode';

import type { Disposable } from './disposables.ts';
import { type ContextKey, contextKeys } from './ids.ts';
import type { PanelModel } from './model.ts';

type KeyValue = string | boolean;

/** Keeps the context keys as the model says; sends only what changed. */
export function syncContextKeys(model: PanelModel): Disposable {
  const sent = new Map<string, KeyValue>();
  const sync = () => {
    for (const [name, value] of Object.entries(contextValues(model))) {
      if (sent.get(name) === value) continue;
      sent.set(name, value);
      if (isContextKey(name)) void vscode.commands.executeCommand('setContext', contextKeys[name], value);
    }
  };
  sync();
  return model.onChanged(sync);
}

export function contextValues(model: PanelModel): Readonly<Record<ContextKey, KeyValue>> {
  const engines = model.folders.map(({ engine }) => engine.kind);
  const knows = engines.length > 0 && engines.every((kind) => kind === 'ready');
  const has = (kinds: readonly string[]) => model.problems.some(({ item }) => kinds.includes(item.kind));
  return {
    engine: engineWord(engines),
    noTasks: knows && model.tasks.length === 0,
    noSessions: knows && model.sessions.length === 0,
    noCriteria: knows && model.criteria.length === 0,
    noTmux: has(['no_tmux']),
    noCodex: has(['no_codex']),
    otherWindowLeads: has(['other_window_leads']),
    ledgerRefused: has(['ledger_invalid', 'ledger_newer', 'state_root_unwritable', 'runtime_unsupported']),
  };
}

/** The best of several folders: one that works is enough to work with. */
function engineWord(engines: readonly string[]): string {
  return ['ready', 'failed', 'starting'].find((word) => engines.includes(word)) ?? 'off';
}

function isContextKey(name: string): name is ContextKey {
  return name in contextKeys;
}
