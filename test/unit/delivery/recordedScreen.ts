import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PaneSnapshot } from '../../../src/core/tmux/pane.ts';
import { FakePane } from '../../../src/core/tmux/fakeTmux.ts';

const folder = join(import.meta.dirname, 'screens');

interface RecordedScreen {
  readonly cursorRow: number;
  readonly cursorColumn: number;
  readonly isCursorVisible: boolean;
  readonly title: string;
  readonly styled: readonly string[];
}

/** Screens of real Codexes with colours and cursor, 80×24, as `capture-pane -e` gave them. */
export function recordedVersions(): string[] {
  return [...new Set(readdirSync(folder).map((name) => name.split('-', 1)[0] ?? ''))].sort();
}

export function recordedScreen(version: string, state: string): PaneSnapshot {
  const { styled, ...facts }: RecordedScreen = JSON.parse(
    readFileSync(join(folder, `${version}-${state}.json`), 'utf8'),
  );
  return {
    pane: new FakePane('recorded', '%1', { width: 80, height: 24, ...facts }).facts(),
    styled: styled.join('\n'),
  };
}
