import * as vscode from 'vscode';

import type { WatchOrder } from '../protocol/engine.ts';
import type { SessionView } from '../protocol/snapshot.ts';
import { Refusal } from './commands/refusal.ts';
import { readConfiguration } from './configuration.ts';
import { type Disposable, DisposableStore } from './disposables.ts';
import type { FolderState } from './model.ts';
import { attachArguments } from '../protocol/tmuxAttach.ts';

/** Marks a terminal as ours across reloads, when VS Code restores it without telling whose it was. */
const marker = 'CONVEYOR_SESSION';

const unaskedDistanceMs = 3000;

interface TerminalPlan {
  readonly folder: string;
  readonly session: Pick<SessionView, 'id' | 'name' | 'role'>;
  readonly terminal: NonNullable<SessionView['terminal']>;
  readonly shell: string;
  readonly access: 'takeOver' | 'watch';
  readonly location: 'panel' | 'editor';
  /** Somebody else asked: the person keeps the keyboard where it is. */
  readonly isUnasked?: boolean;
}

/**
 * Terminals attached to sessions. VS Code owns the pty and runs `tmux attach`; closing the tab only detaches. One
 * terminal a session and kind of access: asking again shows the one that is there.
 */
export class SessionTerminals implements Disposable {
  readonly #open = new Map<string, { readonly terminal: vscode.Terminal; readonly place: string }>();
  readonly #shownUnasked = new Map<string, number>();
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
    const { terminal } = session;
    return this.#show({
      folder: folder.path,
      session,
      terminal,
      shell,
      access: terminalAccess,
      location: terminalLocation,
    });
  }

  /** Shows a terminal that somebody else asked for: to be watched only, and without taking the keyboard. */
  watch(folder: string, { session, terminal, tmuxPath }: WatchOrder): string | null {
    const { terminalLocation: location } = readConfiguration();
    const key = keyOf(folder, session.id, 'watch');
    const now = performance.now();
    // Who asks again and again doesn't get it put before everything else again and again.
    const isRecent = now - (this.#shownUnasked.get(key) ?? -Infinity) < unaskedDistanceMs;
    if (isRecent && this.#open.has(key)) return null;
    this.#shownUnasked.set(key, now);
    this.#show({ folder, session, terminal, shell: tmuxPath, access: 'watch', location, isUnasked: true });
    return null;
  }

  #show(plan: TerminalPlan): { readonly shell: string; readonly arguments: readonly string[] } {
    const { folder, session, shell, access, isUnasked = false } = plan;
    const args = attachArguments(plan.terminal, access);
    const key = keyOf(folder, session.id, access);
    const shown = this.#open.get(key)?.terminal ?? this.#create(plan, args);
    this.#open.set(key, { terminal: shown, place: placeOf(folder, session.name) });
    shown.show(isUnasked);
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

  #create(
    { session, shell, access, location, isUnasked = false }: TerminalPlan,
    args: readonly string[],
  ): vscode.Terminal {
    const watching = access === 'watch';
    return vscode.window.createTerminal({
      name: watching ? `${session.name} (watching)` : session.name,
      shellPath: shell,
      shellArgs: [...args],
      // A window that runs inside tmux itself must not keep tmux from attaching.
      env: { TMUX: null, TMUX_PANE: null, [marker]: session.name },
      iconPath: new vscode.ThemeIcon(watching ? 'eye' : 'terminal-tmux'),
      color: new vscode.ThemeColor(session.role === 'worker' ? 'terminal.ansiBlue' : 'terminal.ansiMagenta'),
      location:
        location === 'editor'
          ? { viewColumn: editorColumn(), preserveFocus: isUnasked }
          : vscode.TerminalLocation.Panel,
      // A reload would revive it with no session behind; it is opened again from the tree instead.
      isTransient: true,
    });
  }
}

function keyOf(folder: string, sessionId: string, access: TerminalPlan['access']): string {
  return [folder, sessionId, access].join('\n');
}

function placeOf(folder: string, sessionName: string): string {
  return `${folder}\n${sessionName}`;
}

/** Beside what one works on; with nothing open, there is nothing to stand beside. */
function editorColumn(): vscode.ViewColumn {
  const isEmpty = vscode.window.tabGroups.activeTabGroup.tabs.length === 0;
  return isEmpty ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside;
}
