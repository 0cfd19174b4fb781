import { isFrom, type CorpusFile } from './corpus.ts';

/**
 * What a recording must come out as, by the name of its scenario and by what `data/rollouts/INDEX.md` says that
 * version writes. `turns`: the outcomes in order; `working` last when the turn is open at the end of the file.
 */
export type Outcome = 'completed' | 'aborted' | 'error' | 'working';

export interface RolloutTruth {
  readonly turns: readonly Outcome[];
  /** Calls that are open at the end. */
  readonly pendingCalls?: number;
  readonly errorKind?: string;
}

const once = (outcome: Outcome): RolloutTruth => ({ turns: [outcome] });
const completedTwice: RolloutTruth = { turns: ['completed', 'completed'] };

export function rolloutTruth({ name, version }: CorpusFile): RolloutTruth {
  const scenario = name.replace(/\.no-daemon$/u, '');
  const isEmbedded = name.endsWith('.no-daemon') || !isFrom(version, 160);
  if (scenario.startsWith('error-') || scenario === 'exec-error-500') return errorTruth(scenario, version);
  switch (scenario) {
    case 'simple-reply':
    case 'shell-command':
    case 'slow-command':
    case 'failing-command':
    case 'apply-patch':
    case 'reasoning':
    case 'approval-accepted':
    case 'approval-patch-accepted':
    case 'resume-part1':
    case 'fork':
    case 'slash-new-second':
    case 'multiline-input':
    case 'subagent-parent':
    case 'subagent-child':
    case 'stop-hook-continues-turn':
    case 'exec':
    case 'exec-json':
      return once('completed');
    case 'two-turns':
    case 'resume':
    case 'rate-limits-info':
      return completedTwice;
    case 'killed-mid-turn':
      return once('working');
    case 'approval-pending':
      // Before 0.80 a call is written only when it has ended.
      return { turns: ['working'], pendingCalls: isFrom(version, 80) ? 1 : 0 };
    case 'approval-permissions':
    case 'question-asked':
      return { turns: ['working'], pendingCalls: 1 };
    case 'approval-denied-esc':
    case 'approval-untrusted-denied':
    case 'interrupt-esc':
    case 'interrupt-during-command':
      return once(isFrom(version, 36) ? 'aborted' : 'working');
    case 'interrupt-ctrl-c':
      // On the shared server C-c asks first; before 0.36 an abort writes nothing.
      return once(isFrom(version, 36) && isEmbedded ? 'aborted' : 'working');
    case 'interrupt-then-next-turn':
      // In 0.20 Esc interrupts nothing, and the next message joined the turn that was running.
      return isFrom(version, 36) ? { turns: ['aborted', 'completed'] } : once('completed');
    case 'compact':
      return isFrom(version, 101) ? completedTwice : once('completed');
    case 'compact-then-turn':
      return isFrom(version, 101) ? { turns: ['completed', 'completed', 'completed'] } : completedTwice;
    case 'message-while-busy':
    case 'message-while-command':
      // Queued until the turn is over from 0.40 to 0.98; otherwise it joins the turn.
      return isFrom(version, 36) && !isFrom(version, 101) ? completedTwice : once('completed');
    default:
      throw new Error(`no truth for ${version}/${name}`);
  }
}

/** Up to 0.98 an error writes nothing; where no version names it, the end of the turn is all there is. */
function errorTruth(scenario: string, version: string): RolloutTruth {
  if (!isFrom(version, 101)) return once('working');
  const isNamed = isFrom(version, 147) || ['0.120.0', '0.125.0'].includes(version);
  // `codex exec` of 0.120 leaves out the error line that its TUI writes.
  if (!isNamed || (scenario === 'exec-error-500' && !isFrom(version, 147))) return once('completed');
  return { turns: ['error'], errorKind: ERROR_KINDS[scenario] ?? 'other' };
}

const ERROR_KINDS: Readonly<Record<string, string>> = {
  'error-http-401': 'auth',
  'error-http-429': 'rate_limit',
  'error-http-500': 'server_error',
  'exec-error-500': 'server_error',
  'error-http-503-overloaded': 'overloaded',
  'error-429-usage-limit': 'usage_limit',
  'error-sse-insufficient-quota': 'usage_limit',
  'error-sse-rate-limit': 'rate_limit',
  'error-sse-context-length': 'context_window',
};
