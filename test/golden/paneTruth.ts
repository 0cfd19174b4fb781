import type { ScreenClass, ScreenNotice } from '../../src/core/domain/screen.ts';
import { isFrom, type CorpusFile } from './corpus.ts';

/**
 * What a recorded screen must be recognised as, by the name of its state and by what `data/panes/INDEX.md` says that
 * version shows. A plain capture has no title, so 0.169 looks idle while it streams.
 */
export interface PaneTruth {
  readonly class: ScreenClass;
  readonly notice?: ScreenNotice['kind'];
}

export function paneTruth({ name, version }: CorpusFile): PaneTruth {
  const state = name.replace(/\.no-daemon$/u, '');
  const isServerMode = isFrom(version, 160) && !name.endsWith('.no-daemon');
  const fixed = FIXED[state];
  if (fixed !== undefined) return { class: fixed };
  if (state.startsWith('error-')) return errorTruth(state, version);
  if (state.startsWith('retrying-')) return { class: 'busy_reconnecting' };
  if (
    /^(?:idle|startup-ready|resumed|approval-accepted|approval-patch-accepted|rate-limit-82|slash-status)/u.test(state)
  ) {
    return idleTruth(state, version);
  }
  if (state.startsWith('busy-')) return busyTruth(state, version);
  if (state.startsWith('after-')) return afterTruth(state, version, isServerMode);
  switch (state) {
    case 'approval-denied':
      return { class: 'composer_ready', notice: 'interrupted' };
    case 'approval-prompt-patch':
      // 0.20 could not apply the patch and went on without asking.
      return { class: isFrom(version, 36) ? 'approval_patch' : 'composer_ready' };
    case 'compact-running':
      return { class: isFrom(version, 147) ? 'busy_compacting' : 'busy' };
    case 'rate-limit-96':
      return { class: isFrom(version, 60) ? 'rate_limit_menu' : 'composer_ready' };
    case 'update-available':
      return { class: isFrom(version, 60) ? 'update_prompt' : 'composer_ready' };
    default:
      throw new Error(`no truth for ${version}/${name}`);
  }
}

const FIXED: Readonly<Record<string, ScreenClass>> = {
  'agents-command-center': 'agents_list',
  'approval-permissions': 'approval_permission',
  'approval-prompt': 'approval_command',
  'approval-prompt-untrusted': 'approval_command',
  'composer-multiline': 'composer_ready',
  'composer-typed': 'composer_ready',
  'daemon-feature-off-config': 'composer_ready',
  'daemon-incompatible-features-prompt': 'daemon_incompatible',
  'daemon-stopped-under-tui': 'server_lost',
  'exec-stdout': 'unknown',
  goodbye: 'exited',
  'hooks-review-prompt': 'hooks_review',
  'model-migration-prompt': 'model_migration',
  'question-asked': 'question',
  'resume-picker': 'resume_picker',
  'sign-in-screen': 'sign_in',
  'slash-new-worktree-question': 'new_worktree_question',
  'slash-popup-compact': 'composer_popup',
  'startup-early-not-ready': 'starting',
  'stop-hook-continued': 'composer_ready',
  'subagent-running': 'composer_ready',
  'trust-prompt': 'trust_prompt',
};

function idleTruth(state: string, version: string): PaneTruth {
  if (state === 'idle-after-esc-esc') {
    if (isFrom(version, 160)) return { class: 'transcript_browsing' };
    return { class: isFrom(version, 36) ? 'transcript_pager' : 'composer_ready' };
  }
  if (state === 'idle-queue-paused-after-interrupt') return { class: 'composer_ready', notice: 'interrupted' };
  return { class: 'composer_ready' };
}

function busyTruth(state: string, version: string): PaneTruth {
  // In 0.169 the message steered: it was answered before the picture was taken.
  const showsNoStatus = state.startsWith('busy-streaming') || state === 'busy-with-queued-message';
  return { class: showsNoStatus && isFrom(version, 160) ? 'composer_ready' : 'busy' };
}

function afterTruth(state: string, version: string, isServerMode: boolean): PaneTruth {
  if (state === 'after-ctrl-c-interrupt' && isServerMode) return { class: 'task_still_running_menu' };
  const isInterrupt = /^after-(?:ctrl-c|esc)-/u.test(state);
  if (!isInterrupt) return { class: 'composer_ready' };
  // 0.20 ignores Esc. 0.140 puts the prompt back without a word when no output had come.
  if (!isFrom(version, 36) && state !== 'after-ctrl-c-interrupt') return { class: 'busy' };
  if (version === '0.140.0') return { class: 'composer_ready' };
  return { class: 'composer_ready', notice: 'interrupted' };
}

function errorTruth(state: string, version: string): PaneTruth {
  const notice = ERROR_NOTICES[state] ?? 'other';
  const asksAfterwards = state === 'error-429-usage-limit' && isFrom(version, 60);
  return { class: asksAfterwards ? 'rate_limit_menu' : 'composer_ready', notice };
}

const ERROR_NOTICES: Readonly<Record<string, ScreenNotice['kind']>> = {
  'error-http-401': 'auth',
  'error-http-429': 'rate_limit',
  'error-http-500': 'server_error',
  'error-http-503-overloaded': 'overloaded',
  'error-429-usage-limit': 'usage_limit',
  'error-sse-insufficient-quota': 'usage_limit',
  'error-sse-rate-limit': 'rate_limit',
  'error-sse-context-length': 'context_window',
};
