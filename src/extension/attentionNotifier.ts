import * as vscode from 'vscode';

import type { AttentionItem } from '../protocol/snapshot.ts';
import { type NotifyLevel, readConfiguration } from './configuration.ts';
import type { Disposable } from './disposables.ts';
import type { InFolder } from './model.ts';

/**
 * Says once that something waits, unless the person looks at that session already or asked not to be told. Badge and
 * status bar show it in any case.
 */
export function notifyAttention({ onAttention, isLookedAt, open }: AttentionParts): Disposable {
  return onAttention((waiting) => {
    if (levelOf(waiting.item) !== 'notification' || isLookedAt(waiting)) return;
    void announce(waiting, open);
  });
}

interface AttentionParts {
  readonly onAttention: (listener: (waiting: InFolder<AttentionItem>) => void) => Disposable;
  readonly isLookedAt: (waiting: InFolder<AttentionItem>) => boolean;
  readonly open: (waiting: InFolder<AttentionItem>) => void;
}

async function announce(
  waiting: InFolder<AttentionItem>,
  open: (waiting: InFolder<AttentionItem>) => void,
): Promise<void> {
  const chosen = await vscode.window.showInformationMessage(waiting.item.message, 'Open', 'Later');
  if (chosen === 'Open') open(waiting);
}

function levelOf({ kind }: AttentionItem): NotifyLevel {
  const { notify } = readConfiguration();
  switch (kind) {
    case 'approval':
      return notify.approval;
    case 'question':
      return notify.question;
    case 'turn_finished':
      return notify.turnFinished;
    case 'failed':
    case 'stalled':
    case 'undelivered':
      return notify.failure;
    case 'unconfirmed':
      return notify.approval;
    default:
      return kind satisfies never;
  }
}
