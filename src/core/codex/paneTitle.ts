export interface PaneTitle {
  /** Null when the title says nothing about it, which does not mean idle. */
  readonly activity: 'working' | 'action_required' | null;
}

/**
 * Since 0.120 Codex sets the terminal title: a braille spinner while it works. Since 0.140 `[ ! ] Action Required`,
 * blinking with `[ . ]`, while it waits for an approval. `Working` comes from `run-state` in `tui.terminal_title`.
 */
export function readPaneTitle(title: string): PaneTitle {
  if (/^\[ [!.] \] Action Required\b/u.test(title)) return { activity: 'action_required' };
  if (/^[\u2800-\u28ff](?: |$)/u.test(title) || /(?:^|\| )Working$/u.test(title)) return { activity: 'working' };
  return { activity: null };
}
