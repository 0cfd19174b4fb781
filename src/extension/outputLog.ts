import * as vscode from 'vscode';

import type { Disposable } from './disposables.ts';
import type { EngineLog } from './engine/engineLog.ts';

/** The "Conveyor" output channel: one line a change of state, at the level the editor is set to. */
export function openLog(): EngineLog & Disposable & { readonly show: () => void } {
  const channel = vscode.window.createOutputChannel('Conveyor', { log: true });
  return {
    write: (level, line) => channel[level](line),
    show: () => channel.show(true),
    dispose: () => channel.dispose(),
  };
}
