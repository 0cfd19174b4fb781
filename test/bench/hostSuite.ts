import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { extensionId } from '../../src/extension/ids.ts';
import { type HostFigures, signals } from './hostSignals.ts';

/** VS Code calls this in the extension host, beside the installed extension. */
export async function run(): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  const path = (name: string) => join(folder, name);
  const extension = vscode.extensions.getExtension(extensionId);
  if (extension === undefined || extension.isActive) throw new Error('the extension is not there, or active already');
  const started = performance.now();
  await extension.activate();
  const activation = performance.now() - started;
  // Its trees in sight, so that every snapshot is drawn.
  await vscode.commands.executeCommand('workbench.view.extension.conveyor');
  writeFileSync(path(signals.activated), '');

  await appearance(path(signals.begin));
  const quiet = new StallTimer();
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const figures = { activation, quiet: quiet.stop() };
  const busy = new StallTimer();
  writeFileSync(path(signals.ingest), '');
  await appearance(path(signals.end));
  writeFileSync(path(signals.figures), JSON.stringify({ ...figures, ingesting: busy.stop() } satisfies HostFigures));
  // The extension host ends with this suite, and with it the trees.
  await appearance(path(signals.leave));
}

async function appearance(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 50));
}

const tick = 5;

class StallTimer {
  readonly #stalls: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#stalls.push(Math.max(0, now - last - tick));
      last = now;
    }, tick);
  }

  stop(): readonly number[] {
    clearInterval(this.#timer);
    return this.#stalls;
  }
}
