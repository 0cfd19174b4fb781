import type { AttentionEvidence, SignalEvidence } from './attentionEvidence.ts';
import type { ModelErrorKind } from './turnEvent.ts';
import type { TurnState } from './turnState.ts';

/** What a session is at, for whoever looks after it. `docs/states.md` says how each relates to `state`. */
export const attentionStates = [
  'working',
  'waiting_approval',
  'waiting_input',
  'turn_ended',
  'idle',
  'rate_limited',
  'error',
  'stalled',
  'crashed',
  'gone',
  'unknown',
] as const;
export type AttentionState = (typeof attentionStates)[number];

export type EvidenceSource = 'rollout' | 'screen' | 'process' | 'app_server' | 'hook';

/** One thing that was seen, and when. */
export interface AttentionSource {
  readonly source: EvidenceSource;
  readonly says: string;
  readonly at: string | null;
  readonly age_seconds: number | null;
}

/** Wire names: printed by `cycle` and `sessions`, and part of the panel's snapshot. */
export interface Attention {
  readonly state: AttentionState;
  /**
   * `waiting_approval`: command, patch, permission. `waiting_input`: the dialog. `turn_ended`: unread, read.
   * `rate_limited`, `error`: the kind of error. Null otherwise.
   */
  readonly detail: string | null;
  /** One line on what the state rests on. */
  readonly reason: string;
  /** When that happened, or was first known to be so. */
  readonly since: string | null;
  readonly age_seconds: number | null;
  /** Everything that speaks for the state. */
  readonly sources: readonly AttentionSource[];
  /** Everything that speaks against it: one sentence each. */
  readonly contradictions: readonly string[];
}

/** Codex draws for a moment after it has written the end of a turn. */
const DRAWING_MILLISECONDS = 1500;
/** An end that nothing marks may be a remark before the next command. */
const SETTLE_MILLISECONDS = 5000;
/** A screen that says "nothing runs" is believed for so long. One that asks something is not gated by age. */
const FRESH_MILLISECONDS = 30_000;

/** `resting`: no turn runs; says nothing about how the last one ended. */
interface Claim {
  readonly source: EvidenceSource;
  readonly state: AttentionState | 'resting';
  readonly detail: string | null;
  readonly says: string;
  readonly at: number | null;
}

/**
 * What is a session doing now? The rollout is the arbiter; a screen is evidence: it decides where the rollout can't know
 * (an open question), or says nothing. Damage, delay and doubt may make it busy or unknown, never wrongly at rest.
 */
export function reduceAttention(evidence: AttentionEvidence): Attention {
  const claims: Claims = {
    process: processClaim(evidence),
    rollout: rolloutClaim(evidence),
    screen: believed(evidence, screenClaim(evidence)),
    signal: signalClaim(evidence),
  };
  const verdict = decide(evidence, claims);
  const all = [claims.process, claims.rollout, claims.screen, claims.signal].filter((one) => one !== null);
  const others = all.filter((one) => one !== verdict);
  const supports = others.filter((one) => agrees(one, verdict));
  const doubts = doubtsOf(evidence, verdict);
  return {
    state: verdict.state === 'resting' ? 'idle' : verdict.state,
    detail: verdict.detail,
    reason: verdict.says,
    since: iso(verdict.at),
    age_seconds: ageOf(evidence, verdict.at),
    sources: verdict.state === 'unknown' ? [] : [verdict, ...supports].map((claim) => sourceOf(evidence, claim)),
    contradictions: [...others.filter((one) => !agrees(one, verdict)).map((one) => against(evidence, one)), ...doubts],
  };
}

interface Claims {
  readonly process: Claim | null;
  readonly rollout: Claim | null;
  readonly screen: Claim | null;
  readonly signal: Claim | null;
}

function decide(evidence: AttentionEvidence, { process, rollout, screen, signal }: Claims): Claim {
  // Whatever was seen before its end is over.
  if (process !== null && isEnd(process)) return process;
  const asked = asking(evidence, screen, signal);
  if (asked !== null) return asked;
  // A screen of a moment ago shows what the rollout has not written yet, or has begun to write into another file.
  const running = [screen, signal].find((one) => one?.state === 'working' && isAfterTurn(evidence, one.at));
  if (running != null && (rollout === null || isResting(rollout))) return running;
  const cut = cutOff(evidence, rollout, screen);
  if (cut !== null) return cut;
  if (rollout !== null) return screenDecides(evidence, rollout, screen) ? screen : rollout;
  if (screen !== null && (!isResting(screen) || isFresh(evidence, screen))) return screen;
  // That a turn has ended does not say that no other runs.
  if (signal !== null && !isResting(signal)) return signal;
  return { source: 'rollout', state: 'unknown', detail: null, says: 'nothing is known of it', at: null };
}

/** A question on the screen stands, however old the look, until the rollout shows that the turn went on without it. */
function asking(evidence: AttentionEvidence, screen: Claim | null, signal: Claim | null): Claim | null {
  const { turn } = evidence.turn;
  if (screen !== null && isQuestion(screen)) {
    // A limit that was reached says more than the menu which Codex shows about it.
    const isAboutLimit = screen.detail === 'rate_limit_menu' && turn.phase === 'ended' && turn.outcome === 'error';
    if (isAboutLimit || !isAfterTurn(evidence, screen.at, 0)) return null;
    const since = turn.phase === 'working' ? millis(turn.pendingCalls.at(-1)?.since ?? null) : null;
    return { ...screen, at: since ?? screen.at };
  }
  if (signal === null || !isQuestion(signal)) return null;
  // A turn that has ended since asks nothing any more.
  if (turn.phase === 'ended' && !isAfterTurn(evidence, signal.at, 0)) return null;
  const answered = isLater(millis(evidence.turn.lastEventAt), signal.at, DRAWING_MILLISECONDS);
  const vanished = screen !== null && isLater(screen.at, signal.at, DRAWING_MILLISECONDS);
  return answered || vanished ? null : signal;
}

/**
 * Up to 0.98 a failed or interrupted turn writes nothing: there a screen that waits for input, and says why, ends it.
 * 0.101 to 0.140 write the end of a failed turn like one without words: there too the screen knows more.
 */
function screenDecides(evidence: AttentionEvidence, rollout: Claim, screen: Claim | null): screen is Claim {
  if (screen === null || screen.state === 'resting' || !isResting(screen)) return false;
  const { grammar, turn, lastEventAt } = evidence.turn;
  if (turn.phase === 'ended') {
    const isMute = turn.outcome === 'completed' && turn.lastAgentMessage === null;
    return rollout.state === 'turn_ended' && isMute && !isLater(millis(turn.at), screen.at, 0);
  }
  if (grammar !== 'unmarked' && grammar !== 'flat') return false;
  const lastSign = millis(lastEventAt) ?? evidence.writtenAt;
  return lastSign !== null && isLater(screen.at, lastSign, DRAWING_MILLISECONDS);
}

/**
 * A turn whose process was killed has no end in the rollout. If the session's process began after the last line and its
 * screen waits for input, that turn will not go on: after a resume, for one.
 */
function cutOff(
  { turn: { turn, lastEventAt }, process }: AttentionEvidence,
  rollout: Claim | null,
  screen: Claim | null,
) {
  if (turn.phase !== 'working' || rollout === null || screen === null || !isResting(screen)) return null;
  const begun = process?.alive === true ? process.startedAt : null;
  const isNewer = isLater(begun, millis(lastEventAt), 0) && isLater(screen.at, begun, 0);
  if (!isNewer) return null;
  return {
    ...screen,
    state: 'idle',
    detail: null,
    says: 'its last turn was cut off: its process began after that',
  } as const;
}

function processClaim({ process, turn }: AttentionEvidence): Claim | null {
  if (process === null || process.alive === null) return null;
  const { reason: says, at } = process;
  const claim = { source: 'process', detail: null, says, at } as const;
  if (process.alive) return { ...claim, state: 'unknown' };
  return { ...claim, state: turn.turn.phase === 'working' ? 'crashed' : 'gone' };
}

function rolloutClaim(evidence: AttentionEvidence): Claim | null {
  const { turn } = evidence.turn;
  switch (turn.phase) {
    case 'unknown':
      return null;
    case 'working':
      return workingClaim(evidence, turn);
    case 'ended':
      return endedClaim(evidence, turn);
    default:
      return turn satisfies never;
  }
}

type Phase<Name> = Extract<TurnState['turn'], { readonly phase: Name }>;

function workingClaim(evidence: AttentionEvidence, turn: Phase<'working'>): Claim {
  const since = millis(turn.since);
  const lastSign = millis(evidence.turn.lastEventAt) ?? evidence.writtenAt;
  const silence = lastSign === null ? 0 : (evidence.now - lastSign) / 1000;
  const asking = turn.pendingCalls.find(({ name }) => name !== null && askingTools[name] !== undefined);
  const asked = asking?.name == null ? undefined : askingTools[asking.name];
  if (asking !== undefined && asked !== undefined)
    return { source: 'rollout', ...asked, at: millis(asking.since) ?? lastSign };
  const [call] = turn.pendingCalls;
  // No rollout tells a command that runs from one that waits for an approval.
  const busyWith = call === undefined ? 'a turn runs' : `a turn runs, and its call of ${call.name ?? 'a tool'} is open`;
  if (silence >= evidence.silenceLimitSeconds) {
    const says = `${busyWith}, but nothing was written for ${Math.floor(silence)} s`;
    return { source: 'rollout', state: 'stalled', detail: null, says, at: lastSign };
  }
  return { source: 'rollout', state: 'working', detail: null, says: busyWith, at: since };
}

/** Tools whose call stays open until a person has answered. */
const askingTools: Readonly<Record<string, Pick<Claim, 'state' | 'detail' | 'says'> | undefined>> = {
  request_user_input: { state: 'waiting_input', detail: 'question', says: 'it has asked a question' },
  request_permissions: { state: 'waiting_approval', detail: 'permission', says: 'it has asked for permissions' },
};

function endedClaim(evidence: AttentionEvidence, turn: Phase<'ended'>): Claim {
  const at = millis(turn.at) ?? evidence.writtenAt;
  const claim = { source: 'rollout', detail: null, at } as const;
  if (turn.certainty === 'inferred' && !isSettled(evidence, at)) {
    return { ...claim, state: 'working', says: 'an answer stands at the end, but nothing marks the end of the turn' };
  }
  switch (turn.outcome) {
    case 'aborted':
      return { ...claim, state: 'idle', says: `the last turn was aborted (${turn.abortReason ?? 'no reason given'})` };
    case 'error':
      return failedClaim(evidence, turn.error?.kind ?? 'other', at);
    case 'completed': {
      const isRead =
        evidence.readAt !== null && at !== null && evidence.readAt >= at && evidence.readAt <= evidence.now + 60_000;
      return { ...claim, state: 'turn_ended', detail: isRead ? 'read' : 'unread', says: 'the turn has ended' };
    }
    default:
      return turn.outcome satisfies never;
  }
}

/** Once the limit is over nothing stands against the next turn. */
function failedClaim({ now, turn }: AttentionEvidence, kind: ModelErrorKind, at: number | null): Claim {
  const { primary = null, secondary = null } = turn.rateLimits ?? {};
  const used = [primary, secondary].filter((one) => one !== null && one.usedPercent >= 100);
  const resets = used.flatMap((one) => (one?.resetsAt == null ? [] : [one.resetsAt * 1000]));
  const until = kind === 'usage_limit' && resets.length > 0 ? Math.max(...resets) : null;
  const claim = { source: 'rollout', detail: kind, at } as const;
  const named = kind.replaceAll('_', ' ');
  if (until === null) return { ...claim, state: stateOfError(kind), says: `the last turn failed: ${named}` };
  if (until <= now) return { ...claim, state: 'idle', detail: null, says: 'the limit that ended its turn is over' };
  return { ...claim, state: 'rate_limited', says: `the last turn failed: ${named}, until ${iso(until)}` };
}

function stateOfError(kind: string): 'rate_limited' | 'error' {
  return kind === 'usage_limit' || kind === 'rate_limit' ? 'rate_limited' : 'error';
}

function screenClaim({ screen }: AttentionEvidence): Claim | null {
  if (screen === null) return null;
  const { at, dialog, notice } = screen;
  const claim = (state: Claim['state'], says: string, detail: string | null = null): Claim => {
    return { source: 'screen', state, detail, says, at };
  };
  if (dialog !== null) {
    const approval = approvals[dialog];
    if (approval !== undefined) return claim('waiting_approval', `its screen asks to approve a ${approval}`, approval);
    return claim('waiting_input', `its screen asks something (${dialog.replaceAll('_', ' ')})`, dialog);
  }
  if (screen.class.startsWith('busy')) return claim('working', 'its screen shows a running turn');
  if (screen.class === 'server_lost') return claim('stalled', 'its screen says that Codex has lost its server');
  if (screen.class !== 'composer_ready' && screen.class !== 'composer_popup') return null;
  if (notice === null || notice.kind === 'interrupted') {
    const isInterrupted = notice !== null;
    return claim(
      isInterrupted ? 'idle' : 'resting',
      `its screen waits for input${isInterrupted ? ' after an interrupt' : ''}`,
    );
  }
  return claim(
    stateOfError(notice.kind),
    `its screen reports an error: ${notice.kind.replaceAll('_', ' ')}`,
    notice.kind,
  );
}

const approvals: Readonly<Record<string, 'command' | 'patch' | 'permission' | undefined>> = {
  approval_command: 'command',
  approval_patch: 'patch',
  approval_permission: 'permission',
};

function signalClaim({ signals, now }: AttentionEvidence): Claim | null {
  // A report of a time to come is one of before the clock was set back.
  const known = signals.filter(({ at }) => at <= now + DRAWING_MILLISECONDS);
  const newest = known.reduce<SignalEvidence | null>(
    (best, one) => (best === null || one.at >= best.at ? one : best),
    null,
  );
  if (newest === null) return null;
  const { source, at } = newest;
  switch (newest.kind) {
    case 'turn_started':
      return { source, state: 'working', detail: null, says: 'Codex reports a running turn', at };
    case 'turn_ended':
      return { source, state: 'resting', detail: null, says: 'Codex reports the end of a turn', at };
    case 'approval_requested':
      return {
        source,
        state: 'waiting_approval',
        detail: null,
        says: 'Codex reports that it waits for an approval',
        at,
      };
    case 'model_failed':
      // It may try again: the rollout tells whether the turn ended so.
      return { source, state: 'error', detail: null, says: 'Codex reports that a request to the model failed', at };
    case 'input_requested':
      return { source, state: 'waiting_input', detail: null, says: 'Codex reports that it waits for an answer', at };
    default:
      return newest.kind satisfies never;
  }
}

/** What speaks against a verdict without claiming anything itself. */
function doubtsOf({ turn }: AttentionEvidence, verdict: Claim): string[] {
  const { turn: last } = turn;
  if (verdict.state !== 'turn_ended' || verdict.source !== 'rollout') return [];
  const isMute = last.phase === 'ended' && last.outcome === 'completed' && last.lastAgentMessage === null;
  return isMute ? ['the turn ended without words: some Codex versions end a failed turn so'] : [];
}

function agrees(claim: Claim, verdict: Claim): boolean {
  if (claim.state === verdict.state || claim.state === 'unknown') return true;
  if (claim.state === 'resting' || verdict.state === 'resting') return isResting(claim) && isResting(verdict);
  // While it asks, the turn goes on; and a turn that is silent still runs.
  if (isQuestion(verdict)) return claim.state === 'working' || claim.state === 'stalled';
  return verdict.state === 'stalled' && claim.state === 'working';
}

function isEnd({ state }: Claim): boolean {
  return state === 'crashed' || state === 'gone';
}

function isQuestion({ state }: Claim): boolean {
  return state === 'waiting_approval' || state === 'waiting_input';
}

function isResting({ state }: Claim): boolean {
  return ['resting', 'idle', 'turn_ended', 'rate_limited', 'error'].includes(state);
}

/** Later than the last that the rollout says of turns. Where that has no time, or one to come, anything is. */
function isAfterTurn({ turn: { turn }, now }: AttentionEvidence, at: number | null, slack = DRAWING_MILLISECONDS) {
  if (turn.phase === 'unknown') return true;
  const known = millis(turn.phase === 'working' ? turn.since : turn.at);
  return known === null || isLater(known, now, DRAWING_MILLISECONDS) || isLater(at, known, slack);
}

/** A screen of a time to come was seen before the clock was set back: long ago, and no sign of rest. */
function believed({ now }: AttentionEvidence, screen: Claim | null): Claim | null {
  return screen !== null && isResting(screen) && isLater(screen.at, now, DRAWING_MILLISECONDS) ? null : screen;
}

function isSettled({ now, screen }: AttentionEvidence, at: number | null): boolean {
  if (at !== null && now - at >= SETTLE_MILLISECONDS) return true;
  return screen !== null && screen.class === 'composer_ready' && at !== null && screen.at - at >= DRAWING_MILLISECONDS;
}

function isFresh({ now }: AttentionEvidence, { at }: Claim): boolean {
  return at !== null && now - at <= FRESH_MILLISECONDS;
}

function isLater(a: number | null, b: number | null, slack: number): boolean {
  return a !== null && b !== null && a > b + slack;
}

function sourceOf(evidence: AttentionEvidence, { source, says, at }: Claim): AttentionSource {
  return { source, says, at: iso(at), age_seconds: ageOf(evidence, at) };
}

function against(evidence: AttentionEvidence, { source, says, at }: Claim): string {
  const age = ageOf(evidence, at);
  return `${source.replaceAll('_', ' ')}${age === null ? '' : `, ${Math.round(age)} s ago`}: ${says}`;
}

function ageOf({ now }: AttentionEvidence, at: number | null): number | null {
  return at === null ? null : Math.max(0, (now - at) / 1000);
}

function millis(time: string | null): number | null {
  const at = Date.parse(time ?? '');
  return Number.isFinite(at) ? at : null;
}

function iso(at: number | null): string | null {
  return at === null || !Number.isFinite(at) ? null : new Date(at).toISOString();
}
