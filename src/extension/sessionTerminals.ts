import * as vscode from 'vscode';

import type { SessionView } from '../protocol/snapshot.ts';
import { Refusal } from './commands/refusal.ts';
import { readConfiguration } from './configuration.ts';
import { type Disposable, DisposableStore } from './disposables.ts';
import type { FolderState } from './model.ts';
import { attachArguments } from './tmuxAttach.ts';

/** Marks a terminal as ours across reloads, when VS Code restores it without telling whose it was. */
const marker = 'CONVEYOR_SESSION';

/**
 * Terminals attached to sessions. VS Code owns the pty and runs `tmux attach`; closing the tab only detaches. One
 * terminal a session and kind of access: asking again shows the one that is there.
 */
export class SessionTerminals implements Disposable {
  readonly #open = new Map<string, { readonly terminal: vscode.Terminal; readonly place: string }>();
  readonly #owned = new DisposableStore();

  constructor() {
    this.#owned.add(
      vscode.window.onDidCloseTerminal((closed) => {
        for (const [key, { terminal }] of this.#open) if (terminal === closed) this.#open.delete(key);
      }),
    );
  }

  /** Shows the session's terminal, attaching first where needed. Returns what was run. */
  open(folder: FolderState, session: SessionView): { readonly shell: string; readonly arguments: readonly string[] } {
    const { terminalAccess, terminalLocation } = readConfiguration();
    const shell = folder.engine.snapshot?.tmuxPath ?? null;
    if (session.terminal === null) {
      throw new Refusal('no_tmux_session', `${session.name} does not run in tmux, so it has no terminal to open.`);
    }
    if (shell === null) {
      throw new Refusal('tmux_missing', 'tmux was not found.', 'Install it, or set its path in the settings.');
    }
    if (session.alive === false) {
      throw new Refusal('session_state', `${session.name} has ended.`, 'Its history is in the timeline.', [
        { title: 'Open Timeline', command: 'openTimeline' },
      ]);
    }
    const args = attachArguments(session.terminal, terminalAccess);
    const key = [folder.path, session.id, terminalAccess].join('\n');
    const terminal =
      this.#open.get(key)?.terminal ?? this.#create({ session, shell, args, terminalLocation, terminalAccess });
    this.#open.set(key, { terminal, place: placeOf(folder.path, session.name) });
    terminal.show();
    return { shell, arguments: args };
  }

  /** Whether the person has this session's terminal in front of them. */
  isLookedAt(folder: string, sessionName: string): boolean {
    const active = vscode.window.activeTerminal;
    if (!active || !vscode.window.state.focused) return false;
    return [...this.#open.values()].some(
      ({ terminal, place }) => terminal === active && place === placeOf(folder, sessionName),
    );
  }

  dispose(): void {
    this.#owned.dispose();
    for (const { terminal } of this.#open.values()) terminal.dispose();
    this.#open.clear();
  }

  #create(plan: {
    session: SessionView;
    shell: string;
    args: readonly string[];
    terminalLocation: 'panel' | 'editor';
    terminalAccess: 'takeOver' | 'watch';
  }): vscode.Terminal {
    const watching = plan.terminalAccess === 'watch';
    return vscode.window.createTerminal({
      name: watching ? `${plan.session.name} (watching)` : plan.session.name,
      shellPath: plan.shell,
      shellArgs: [...plan.args],
      // A window that runs inside tmux itself must not keep tmux from attaching.
      env: { TMUX: null, TMUX_PANE: null, [marker]: plan.session.name },
      iconPath: new vscode.ThemeIcon(watching ? 'eye' : 'terminal-tmux'),
      color: new vscode.ThemeColor(plan.session.role === 'worker' ? 'terminal.ansiBlue' : 'terminal.ansiMagenta'),
      location:
        plan.terminalLocation === 'editor'
          ? { viewColumn: editorColumn(), preserveFocus: false }
          : vscode.TerminalLocation.Panel,
      // A reload would revive it with no session behind; it is opened again from the tree instead.
      isTransient: true,
    });
  }
}

function placeOf(folder: string, sessionName: string): string {
  return `${folder}\n${sessionName}`;
}

/** Beside what one works on; with nothing open, there is nothing to stand beside. */
function editorColumn(): vscode.ViewColumn {
  const isEmpty = vscode.window.tabGroups.activeTabGroup.tabs.length === 0;
  return isEmpty ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside;
}
