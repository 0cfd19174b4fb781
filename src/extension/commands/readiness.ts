import type { FolderState, PanelModel } from '../model.ts';
import { Refusal } from './refusal.ts';

const restart = [
  { title: 'Restart Engine', command: 'restartEngine' },
  { title: 'Show Log', command: 'showLog' },
] as const;

/** Why nothing can be asked of this window's engines, or null when it can. */
export function whyNotReady(model: PanelModel): Refusal | null {
  if (model.idleness === 'no_folder') {
    return new Refusal('no_folder', 'No folder is open.', 'Open the folder your agents work in.', [
      { title: 'Open Folder', builtIn: 'workbench.action.files.openFolder' },
    ]);
  }
  if (model.idleness === 'untrusted') {
    return new Refusal(
      'untrusted',
      'This folder is not trusted, so Conveyor does nothing in it.',
      'Trust it to go on.',
      [{ title: 'Manage Workspace Trust', builtIn: 'workbench.trust.manage' }],
    );
  }
  const reasons = model.folders.map(whyFolderNotReady);
  return reasons.some((reason) => reason === null) ? null : (reasons[0] ?? null);
}

/** Why this folder's engine can't answer, or null when it can. */
export function whyFolderNotReady({ name, engine }: FolderState): Refusal | null {
  switch (engine.kind) {
    case 'ready':
      return null;
    case 'starting':
      return new Refusal(
        'engine_starting',
        `The engine of “${name}” is still starting.`,
        'Try again in a moment.',
        restart,
      );
    case 'failed':
      return new Refusal(
        'engine_failed',
        `The engine of “${name}” stopped: ${engine.message}.`,
        `It starts again within ${Math.ceil(engine.retryInMs / 1000)} s.`,
        restart,
      );
    default:
      return engine satisfies never;
  }
}
