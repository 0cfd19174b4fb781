import { join } from 'node:path';

import * as vscode from 'vscode';

import { notifyAttention } from './attentionNotifier.ts';
import { commandHandlers } from './commands/commandHandlers.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { syncContextKeys } from './contextKeySync.ts';
import { DisposableStore } from './disposables.ts';
import { newWindowId } from './engine/engineStart.ts';
import { supervisorIn } from './engine/supervisorThread.ts';
import { commandIds } from './ids.ts';
import { recordLooks } from './lookRecorder.ts';
import { PanelModel } from './model.ts';
import { openLog } from './outputLog.ts';
import { type PanelViews, showViews } from './panelViews.ts';
import { offerShimOnPath } from './pathForTerminals.ts';
import { SessionLinks } from './sessionLinks.ts';
import { ReadOnlyTexts } from './readOnlyTexts.ts';
import { SessionTerminals } from './sessionTerminals.ts';
import { showStatusBar } from './statusBar.ts';
import { TimelinePanels } from './timeline/timelinePanels.ts';
import { WorkspaceEngines } from './workspaceEngines.ts';

/** What the suite that runs inside the extension host looks at. Nobody else gets it. */
export interface ExtensionInsides {
  readonly model: PanelModel;
  readonly views: PanelViews;
  readonly engines: WorkspaceEngines;
  readonly links: SessionLinks;
}

let leave: () => Promise<void> = async () => {};

/** Constructs everything in order. What lives as long as the extension is owned here, what lives as long as an engine by `WorkspaceEngines`. */
export function activate(context: vscode.ExtensionContext): ExtensionInsides | undefined {
  const startedAt = performance.now();
  const owned = new DisposableStore();
  context.subscriptions.push(owned);

  const log = owned.add(openLog());
  const model = owned.add(new PanelModel());
  const terminals = owned.add(new SessionTerminals());
  const engines = owned.add(
    new WorkspaceEngines({
      model,
      startThread: supervisorIn(join(context.extensionPath, 'dist', 'supervisor.cjs')),
      log,
      around: {
        extensionFolder: context.extensionPath,
        windowId: newWindowId(),
        environment: process.env,
        executable: process.execPath,
        electron: process.versions['electron'] !== undefined,
      },
      watchTerminal: (folder, order) => terminals.watch(folder, order),
    }),
  );
  const links = new SessionLinks({ model, terminals, rpc: (folder) => engines.rpc(folder) });
  const openTerminal = (folder: string, session: string) =>
    void vscode.commands.executeCommand(commandIds.openSessionTerminal, { folder, session });
  const timelines = owned.add(
    new TimelinePanels({
      extensionUri: context.extensionUri,
      model,
      rpc: (folder) => engines.rpc(folder),
      openTerminal,
    }),
  );

  const texts = owned.add(new ReadOnlyTexts());
  const views = owned.add(showViews(model));
  owned.addAll(
    registerCommands(commandHandlers({ model, engines, terminals, timelines, texts, showLog: log.show }), log),
    syncContextKeys(model),
    showStatusBar(model),
    offerShimOnPath(context, model),
    vscode.window.registerUriHandler(links),
    recordLooks({ model, terminals, timelines, rpc: (folder) => engines.rpc(folder) }),
    notifyAttention({
      onAttention: engines.onAttention,
      isLookedAt: ({ folder, item }) => item.session !== null && terminals.isLookedAt(folder.path, item.session),
      show: ({ folder, item }) => {
        if (item.session !== null) openTerminal(folder.path, item.session);
        else if (item.task !== null) timelines.open({ folder: folder.path, task: item.task });
      },
    }),
  );
  leave = () => {
    owned.dispose();
    return engines.settled();
  };
  log.write('info', `activated in ${Math.round(performance.now() - startedAt)} ms`);
  return context.extensionMode === vscode.ExtensionMode.Test ? { model, views, engines, links } : undefined;
}

/** Waits until the engines have let go of their leases, within the few seconds VS Code allows. */
export async function deactivate(): Promise<void> {
  await leave();
}
