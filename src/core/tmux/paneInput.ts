import { randomUUID } from 'node:crypto';
import { refuse } from '../domain/errors.ts';
import type { ProcessRunner } from '../ports/processRunner.ts';
import { tmuxCommand } from './tmuxCommand.ts';

/** The keys that anyone may press in a pane; whatever else was asked for would be typed as text (OD-43). */
const PANE_KEYS = ['Enter', 'Escape', 'C-c', 'C-u', 'Tab', 'Up', 'Down', 'y', 'n', '1', '2', '3', '4', '5'] as const;
export type PaneKey = (typeof PANE_KEYS)[number];

/**
 * The only hand that touches a pane. It knows nothing of Codex and decides nothing: whoever calls it holds the pane's
 * lease and has looked at the screen. Pane ids only, and never a pane that `pane_dead` reports (OD-42).
 */
export interface PaneInput {
  /** Pastes text as one bracketed paste, through a buffer that nobody else uses (OD-40). Newlines stay newlines. */
  paste(paneId: string, text: string): Promise<void>;
  pressKey(paneId: string, key: PaneKey): Promise<void>;
  leaveCopyMode(paneId: string): Promise<void>;
}

export function isPaneKey(key: string): key is PaneKey {
  return (PANE_KEYS as readonly string[]).includes(key);
}

/** The key that a person named, in the spelling that tmux uses; refuses what is no key. */
export function readPaneKey(name: string): PaneKey {
  const spelled = ALIASES.get(name.toLowerCase()) ?? name;
  if (isPaneKey(spelled)) return spelled;
  throw refuse('invalid_value', `Unknown key: ${JSON.stringify(name)}; one of ${PANE_KEYS.join(', ')}`);
}

const ALIASES: ReadonlyMap<string, PaneKey> = new Map([
  ['esc', 'Escape'],
  ['escape', 'Escape'],
  ['enter', 'Enter'],
  ['return', 'Enter'],
  ['c-m', 'Enter'],
  ['c-c', 'C-c'],
  ['^c', 'C-c'],
  ['c-u', 'C-u'],
  ['tab', 'Tab'],
  ['up', 'Up'],
  ['down', 'Down'],
]);

export function realPaneInput(runner: ProcessRunner, socket: string | undefined): PaneInput {
  const tmux = tmuxCommand(runner, socket);
  return {
    paste: async (paneId, text) => {
      const buffer = `conveyor-${randomUUID()}`;
      // By stdin: no length limit, no sign that tmux could take for a flag, nothing in the list of processes.
      await tmux.run('load-buffer', ['-b', buffer, '-'], { stdin: text });
      try {
        await tmux.run('paste-buffer', ['-p', '-r', '-d', '-b', buffer, '-t', paneId]);
      } catch (error) {
        await tmux.run('delete-buffer', ['-b', buffer]).catch(() => {});
        throw error;
      }
    },
    pressKey: async (paneId, key) => {
      await tmux.run('send-keys', ['-t', paneId, '--', key]);
    },
    leaveCopyMode: async (paneId) => {
      await tmux.run('copy-mode', ['-q', '-t', paneId]);
    },
  };
}
