import * as vscode from 'vscode';

import { contextValues, type KeyValue } from './contextValues.ts';
import type { Disposable } from './disposables.ts';
import { type ContextKey, contextKeys } from './ids.ts';
import type { PanelModel } from './model.ts';

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

function isContextKey(name: string): name is ContextKey {
  return name in contextKeys;
}
