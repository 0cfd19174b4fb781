import type { AttentionItem } from '../../protocol/snapshot.ts';
import { isOpen, type PanelModel } from '../model.ts';
import { escapeMarkdown } from './markdown.ts';

export interface StatusText {
  readonly icon: string;
  readonly label: string;
  readonly spoken: string;
  readonly level: 'calm' | 'warning' | 'error';
  /** Markdown lines of the tooltip, already escaped. */
  readonly lines: readonly { readonly kind: AttentionItem['kind'] | null; readonly text: string }[];
}

/** What the status bar says, or null while there is nothing to supervise. */
export function statusText(model: PanelModel): StatusText | null {
  const failed = model.folders.find(({ engine }) => engine.kind === 'failed');
  if (failed) {
    const text = 'Conveyor: the engine stopped and starts again';
    return {
      icon: 'error',
      label: 'Conveyor',
      spoken: text,
      level: 'error',
      lines: [{ kind: null, text: escapeMarkdown(text) }],
    };
  }
  const waiting = model.attention.map(({ item }) => item);
  const [first] = waiting;
  if (first) {
    const label = waiting.length === 1 ? (first.session ?? first.task ?? '1 needs you') : `${waiting.length} need you`;
    return {
      icon: 'bell-dot',
      label,
      spoken: `Conveyor: ${waiting.map(({ message }) => message).join(' ')}`,
      level: 'warning',
      lines: waiting.map(({ kind, message }) => ({ kind, text: escapeMarkdown(message) })),
    };
  }
  const open = model.tasks.filter(({ item }) => isOpen(item));
  if (open.length === 0) return null;
  const busy = model.sessions
    .filter(({ item }) => item.attention.state === 'working' && item.alive !== false)
    .map(({ item }) => item.name);
  const summary = busy.length === 0 ? 'Everybody is idle.' : `Working: ${busy.join(', ')}.`;
  return {
    icon: 'pass',
    label: open.length === 1 ? (open[0]?.item.name ?? '') : `${open.length} tasks`,
    spoken: `Conveyor: nothing needs you. ${summary}`,
    level: 'calm',
    lines: [{ kind: null, text: `Nothing needs you. ${escapeMarkdown(summary)}` }],
  };
}
