import type { AttentionState } from '../../src/core/domain/attention.ts';
import { isFrom, type CorpusFile } from './corpus.ts';
import { rolloutTruth } from './rolloutTruth.ts';

export interface AttentionTruth {
  readonly state: AttentionState;
  readonly detail: string | null;
}

/** Tells by itself, without a screen: what a recording must come out as, by the name of its scenario. */
export function attentionTruth(file: CorpusFile): AttentionTruth {
  const scenario = file.name.replace(/\.no-daemon$/u, '');
  if (scenario === 'question-asked') return { state: 'waiting_input', detail: 'question' };
  if (scenario === 'approval-permissions') return { state: 'waiting_approval', detail: 'permission' };
  const { turns, errorKind } = rolloutTruth(file);
  const limited = errorKind === 'usage_limit' || errorKind === 'rate_limit';
  switch (turns.at(-1)) {
    case 'working':
      return { state: 'working', detail: null };
    case 'aborted':
      return { state: 'idle', detail: null };
    case 'error':
      return { state: limited ? 'rate_limited' : 'error', detail: errorKind ?? 'other' };
    default:
      return { state: 'turn_ended', detail: 'unread' };
  }
}

/** The screen that was recorded in the same moment as the end of a rollout, where there is one. */
export function screenOfScenario({ name, version }: CorpusFile): string | null {
  const scenario = name.replace(/\.no-daemon$/u, '');
  const suffix = name.endsWith('.no-daemon') ? '.no-daemon' : '';
  const screen = SCREENS[scenario] ?? (scenario.startsWith('error-') ? scenario : null);
  if (screen === null || (scenario === 'interrupt-ctrl-c' && isFrom(version, 160))) return null;
  return `${version}/${screen}${suffix}`;
}

const SCREENS: Readonly<Record<string, string | undefined>> = {
  'approval-pending': 'approval-prompt',
  'approval-permissions': 'approval-permissions',
  'approval-accepted': 'approval-accepted',
  'approval-denied-esc': 'approval-denied',
  'interrupt-esc': 'after-esc-interrupt',
  'interrupt-ctrl-c': 'after-ctrl-c-interrupt',
  'question-asked': 'question-asked',
  'simple-reply': 'idle-after-completion',
};

/** What rollout and screen say together. A few versions write neither errors nor aborts: there the screen knows. */
export function attentionTruthWithScreen(file: CorpusFile, screen: { readonly notice: string | null }): AttentionTruth {
  const scenario = file.name.replace(/\.no-daemon$/u, '');
  if (scenario === 'approval-pending') return { state: 'waiting_approval', detail: 'command' };
  const alone = attentionTruth(file);
  const isCertain = alone.state !== 'working' && alone.state !== 'turn_ended';
  if (isCertain || screen.notice === null) return alone;
  if (screen.notice === 'interrupted') return { state: 'idle', detail: null };
  const limited = screen.notice === 'usage_limit' || screen.notice === 'rate_limit';
  return { state: limited ? 'rate_limited' : 'error', detail: screen.notice };
}
