import type { CommandName } from '../ids.ts';

/** What a row stands for: the argument its menu commands get. */
export type RowTarget =
  | { readonly kind: 'task'; readonly folder: string; readonly task: string }
  | { readonly kind: 'session'; readonly folder: string; readonly session: string }
  | { readonly kind: 'criterion'; readonly folder: string; readonly task: string; readonly criterion: number };

/** One row of a tree as plain data: built by pure functions, drawn by `RowTree`. */
export interface Row {
  /** Stable over refreshes and restarts, so that expansion and selection survive. */
  readonly id: string;
  readonly label: string;
  readonly description: string;
  /** Null for rows that only group others. */
  readonly icon: RowIcon | null;
  /** Markdown, composed with `markdown.ts`: everything from a ledger is escaped there. */
  readonly tooltip: string;
  /** What a screen reader says: name, state, age, what is needed. */
  readonly spoken: string;
  readonly contextValue: string | null;
  readonly target: RowTarget | null;
  readonly click: CommandName | null;
  readonly children: readonly Row[];
  readonly isExpanded: boolean;
}

export interface RowIcon {
  readonly name: string;
  /** Theme colour id, or null for the tree's own. */
  readonly color: string | null;
}

export function row(parts: Pick<Row, 'id' | 'label' | 'icon'> & Partial<Row>): Row {
  return {
    description: '',
    tooltip: '',
    spoken: [parts.label, parts.description].filter(Boolean).join(', '),
    contextValue: null,
    target: null,
    click: null,
    children: [],
    isExpanded: false,
    ...parts,
  };
}

export function icon(name: string, color: string | null = null): RowIcon {
  return { name, color };
}
