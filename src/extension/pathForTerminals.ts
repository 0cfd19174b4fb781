import { delimiter } from 'node:path';

import * as vscode from 'vscode';

import type { Disposable } from './disposables.ts';
import type { PanelModel } from './model.ts';

/**
 * Puts the folder of the `conveyor` shim first on PATH of integrated terminals, per workspace folder, as the engines
 * report it. Cleared first: what an earlier version left would make every terminal ask to be relaunched.
 */
export function offerShimOnPath(context: vscode.ExtensionContext, model: PanelModel): Disposable {
  const collection = context.environmentVariableCollection;
  collection.clear();
  collection.persistent = false;
  collection.description = 'Adds the `conveyor` command of this workspace.';
  const offered = new Map<string, string>();
  const sync = () => {
    for (const { path, engine } of model.folders) {
      const shim = engine.snapshot?.shimFolder ?? null;
      const workspaceFolder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(path));
      if (shim === null || !workspaceFolder || offered.get(path) === shim) continue;
      offered.set(path, shim);
      collection.getScoped({ workspaceFolder }).prepend('PATH', shim + delimiter);
    }
  };
  sync();
  return model.onChanged(sync);
}
