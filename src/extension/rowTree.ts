import * as vscode from 'vscode';

import { type Disposable, DisposableStore } from './disposables.ts';
import { commandIds } from './ids.ts';
import type { Row, RowIcon } from './rows/row.ts';

/** A row's place in the tree. VS Code knows elements by identity: the node stays, its row is replaced. */
export interface RowNode {
  row: Row;
  parent: RowNode | null;
  children: readonly RowNode[];
}

/**
 * Draws rows in one view. On `update` only the nodes whose own looks or children changed are redrawn, so that an age
 * ticking somewhere doesn't redraw everything.
 */
export class RowTree implements vscode.TreeDataProvider<RowNode>, Disposable {
  readonly view: vscode.TreeView<RowNode>;
  readonly #changed = new vscode.EventEmitter<RowNode | undefined>();
  readonly #owned = new DisposableStore();
  readonly #nodes = new Map<string, RowNode>();
  #roots: readonly RowNode[] = [];
  #firstRows: (() => void) | null = null;
  readonly #ready: Promise<void>;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(viewId: string) {
    this.#ready = new Promise((done) => {
      this.#firstRows = done;
    });
    this.view = this.#owned.add(
      vscode.window.createTreeView(viewId, { treeDataProvider: this, showCollapseAll: false }),
    );
    this.#owned.add(this.#changed);
  }

  /** Until the first update the view shows progress instead of an emptiness that may not be true. */
  update(rows: readonly Row[]): void {
    const before = this.#roots.map(({ row }) => row.id).join('\n');
    const changed: RowNode[] = [];
    const seen = new Set<string>();
    this.#roots = rows.map((row) => this.#place(row, null, changed, seen));
    for (const id of this.#nodes.keys()) if (!seen.has(id)) this.#nodes.delete(id);
    this.#firstRows?.();
    this.#firstRows = null;
    if (before === this.#roots.map(({ row }) => row.id).join('\n'))
      for (const node of changed) this.#changed.fire(node);
    else this.#changed.fire(undefined);
  }

  async getChildren(node?: RowNode): Promise<RowNode[]> {
    await this.#ready;
    return [...(node?.children ?? this.#roots)];
  }

  getParent(node: RowNode): RowNode | null {
    return node.parent;
  }

  getTreeItem({ row }: RowNode): vscode.TreeItem {
    const item = new vscode.TreeItem(row.label, collapsible(row));
    item.id = row.id;
    item.description = row.description;
    if (row.icon) item.iconPath = themeIcon(row.icon);
    item.accessibilityInformation = { label: row.spoken };
    if (row.contextValue) item.contextValue = row.contextValue;
    if (row.click) item.command = { command: commandIds[row.click], title: row.label, arguments: [row.target] };
    return item;
  }

  /** Tooltips are made when asked for. */
  resolveTreeItem(item: vscode.TreeItem, { row }: RowNode): vscode.TreeItem {
    item.tooltip = row.tooltip === '' ? undefined : new vscode.MarkdownString(row.tooltip);
    return item;
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #place(row: Row, parent: RowNode | null, changed: RowNode[], seen: Set<string>): RowNode {
    seen.add(row.id);
    const node = this.#nodes.get(row.id) ?? { row, parent, children: [] };
    const isNew = !this.#nodes.has(row.id);
    const looked = looks(node.row);
    node.row = row;
    node.parent = parent;
    this.#nodes.set(row.id, node);
    node.children = row.children.map((child) => this.#place(child, node, changed, seen));
    if (!isNew && looked !== looks(row)) changed.push(node);
    return node;
  }
}

/** Everything that is drawn of a row without hovering, and the order of its children. */
function looks({ children, tooltip: _tooltip, ...own }: Row): string {
  return JSON.stringify([own, children.map(({ id }) => id)]);
}

function themeIcon({ name, color }: RowIcon): vscode.ThemeIcon {
  return new vscode.ThemeIcon(name, color ? new vscode.ThemeColor(color) : undefined);
}

function collapsible(row: Row): vscode.TreeItemCollapsibleState {
  if (row.children.length === 0) return vscode.TreeItemCollapsibleState.None;
  return row.isExpanded ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
}
