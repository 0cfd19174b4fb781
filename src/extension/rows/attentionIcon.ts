import type { AttentionItem } from '../../protocol/snapshot.ts';

const icons: Readonly<Record<AttentionItem['kind'], string>> = {
  approval: 'bell-dot',
  question: 'comment-unresolved',
  failed: 'error',
  stalled: 'watch',
  undelivered: 'mail',
  unconfirmed: 'shield',
  turn_finished: 'pass',
};

/** Codicon of a thing that waits for the person: the same in trees, picks and the status bar. */
export function attentionIcon(kind: AttentionItem['kind']): string {
  return icons[kind];
}
