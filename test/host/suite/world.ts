import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as vscode from 'vscode';

import type { SessionAttention } from '../../../src/protocol/snapshot.ts';
import type { CommandOutcome } from '../../../src/extension/commands/registerCommands.ts';
import type { ExtensionInsides } from '../../../src/extension/extension.ts';
import { type CommandName, commandIds, extensionId } from '../../../src/extension/ids.ts';
import type { Row } from '../../../src/extension/rows/row.ts';
import type { RowTree } from '../../../src/extension/rowTree.ts';
import type { FakeWorld } from '../fakeEngine.ts';

export function workspaceFolder(): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'the suite runs in a folder');
  return folder.uri.fsPath;
}

const stateRoot = () => process.env['WORKERCTL_STATE_ROOT'] || join(workspaceFolder(), '.codex-workers');

/** Writes the fake engine's world in one step, as a commit of another process would appear. */
export function setWorld(world: FakeWorld): void {
  mkdirSync(stateRoot(), { recursive: true });
  const draft = join(stateRoot(), 'draft');
  writeFileSync(draft, JSON.stringify(world));
  renameSync(draft, join(stateRoot(), 'fake.json'));
}

export function clearCalls(): void {
  rmSync(join(stateRoot(), 'calls.jsonl'), { force: true });
}

/** What the panel asked the engine to do since `clearCalls`. */
export function calls(): readonly unknown[] {
  const path = join(stateRoot(), 'calls.jsonl');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

export async function insides(): Promise<ExtensionInsides> {
  const extension = vscode.extensions.getExtension<ExtensionInsides>(extensionId);
  assert.ok(extension, `${extensionId} is installed`);
  const found = await extension.activate();
  assert.ok(found, 'the extension shows its insides to tests');
  return found;
}

export async function press(name: CommandName, argument?: object): Promise<CommandOutcome> {
  return vscode.commands.executeCommand<CommandOutcome>(commandIds[name], argument);
}

/** A turn that ended then, and that nobody has read. */
export function unread(since: string): SessionAttention {
  return { state: 'turn_ended', detail: 'unread', reason: 'it ended', since, sources: ['rollout'], contradictions: [] };
}

/** Rows as VS Code gets them from the tree, with their children, as indented text. */
export async function drawn(tree: RowTree): Promise<string> {
  const lines: string[] = [];
  const walk = async (node: Parameters<RowTree['getChildren']>[0], depth: number) => {
    for (const child of await tree.getChildren(node)) {
      const item = tree.getTreeItem(child);
      lines.push(`${'  '.repeat(depth)}${String(item.label)} | ${String(item.description)}`);
      await walk(child, depth + 1);
    }
  };
  await walk(undefined, 0);
  return lines.join('\n');
}

export function allRows(rows: readonly Row[]): readonly Row[] {
  return rows.flatMap((row) => [row, ...allRows(row.children)]);
}

/** Polls until the check passes; its last failure is the answer when it never does. */
export async function eventually<T>(check: () => T | Promise<T>, deadlineMs = 20_000): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((done) => setTimeout(done, 25));
    }
  }
}
