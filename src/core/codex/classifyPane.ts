import { isBusyScreen, type Screen } from '../domain/screen.ts';
import { readPaneRows } from './paneRows.ts';
import { readPaneTitle } from './paneTitle.ts';
import { recogniseScreen } from './screens.ts';

export type BusyWaitPattern =
  | 'mcp_startup'
  | 'rate_limit_prompt'
  | 'enter_to_confirm'
  | 'trust_prompt'
  | 'plan_prompt'
  | 'approval_prompt'
  | 'long_running_interruptible';

/** Wire names: the ledger keeps these objects, and they are printed. */
export interface BusyWait {
  readonly pattern: BusyWaitPattern;
  readonly reason: string;
  readonly recommended_action:
    | 'inspect_or_interrupt'
    | 'inspect_or_confirm'
    | 'inspect_or_accept_trust'
    | 'inspect_or_approve';
}

export interface BusyWaitQuestion {
  readonly text: string;
  readonly title?: string;
  /** Since the last event that made the state; null when that isn't known. */
  readonly statusAgeSeconds: number | null;
  readonly busyWaitSeconds: number;
  /** Rollout events within the last `busyWaitSeconds`: a turn that reports so often does not hang. */
  readonly recentEventCount?: number;
}

export interface Startup {
  readonly startup: 'needs_trust' | 'ready' | 'working' | 'error' | 'starting';
  readonly startup_reason: string;
}

/**
 * What keeps a session that seems busy. A prompt is reported however fresh the state is; only *it takes long* needs
 * time to pass (OD-10). Screens of Codex are told by their structure, anything else by words in its last rows.
 */
export function classifyBusyWait(question: BusyWaitQuestion): BusyWait | null {
  const { text, title = '' } = question;
  const screen = recogniseScreen({ pane: text, title });
  const pattern = isCertain(screen) ? patternOfScreen(screen, text, question) : patternOfRows(text, title, question);
  return pattern === null ? null : { pattern, ...MEANING[pattern] };
}

/** How far a session that was just started has come. */
export function classifyStartup(text: string, title = ''): Startup {
  const screen = recogniseScreen({ pane: text, title });
  return isCertain(screen) ? startupOfScreen(screen) : startupOfRows(text);
}

/** A composer without a footer may be any program's prompt; of an unknown screen nothing is known but its words. */
function isCertain({ class: name, composer }: Screen): boolean {
  return name !== 'unknown' && composer?.hasFooter !== false;
}

function patternOfScreen(screen: Screen, text: string, question: BusyWaitQuestion): BusyWaitPattern | null {
  switch (screen.class) {
    case 'trust_prompt':
      return 'trust_prompt';
    case 'rate_limit_menu':
      return 'rate_limit_prompt';
    case 'approval_command':
    case 'approval_patch':
      return 'approval_prompt';
    case 'busy_starting_mcp':
      return isFresh(question) ? null : 'mcp_startup';
    case 'other_menu':
      // Of a version nobody has seen: its words may still say more than that it waits.
      return promptInWords(lastRows(text)) ?? 'enter_to_confirm';
    default:
      if (screen.dialog !== null) return 'enter_to_confirm';
      return isBusyScreen(screen) && takesLong(question) ? 'long_running_interruptible' : null;
  }
}

function patternOfRows(text: string, title: string, question: BusyWaitQuestion): BusyWaitPattern | null {
  if (readPaneTitle(title).activity === 'action_required') return 'approval_prompt';
  const rows = lastRows(text);
  if (rows.at(-1) === '›') return null;
  if (!isFresh(question) && holds(rows, 'starting mcp servers')) return 'mcp_startup';
  const prompt = promptInWords(rows);
  if (prompt !== null) return prompt;
  return holds(rows, 'esc to interrupt') && takesLong(question) ? 'long_running_interruptible' : null;
}

/** The specific question before the key hint that any of them may end with (OD-10). */
function promptInWords(rows: readonly string[]): BusyWaitPattern | null {
  if (holds(rows, 'approaching rate limits')) return 'rate_limit_prompt';
  if (holds(rows, 'do you trust the contents of this directory')) return 'trust_prompt';
  if (holds(rows, 'press enter to confirm')) return 'enter_to_confirm';
  if (holds(rows, 'create a plan?')) return 'plan_prompt';
  return asksForApproval(rows) ? 'approval_prompt' : null;
}

const OUR_OWN_OUTPUT = /approval_prompt|inspect_or_approve|notable_pane_pattern/u;
const ASKING = /allow|deny|permission|requires approval|needs approval|approve command/u;

function asksForApproval(rows: readonly string[]): boolean {
  const words = rows.filter((row) => !OUR_OWN_OUTPUT.test(row)).join('\n');
  return /approval|approve/u.test(words) && ASKING.test(words);
}

/** What is further up has been answered or is history. */
const LAST_ROWS = 12;

function lastRows(text: string): readonly string[] {
  return readPaneRows(text)
    .rows.map((row) => row.trim().toLowerCase())
    .filter((row) => row !== '')
    .slice(-LAST_ROWS);
}

function holds(rows: readonly string[], words: string): boolean {
  return rows.some((row) => row.includes(words));
}

const MANY_EVENTS = 10;

function isFresh({ statusAgeSeconds, busyWaitSeconds }: BusyWaitQuestion): boolean {
  return statusAgeSeconds !== null && statusAgeSeconds < busyWaitSeconds;
}

function takesLong(question: BusyWaitQuestion): boolean {
  return question.statusAgeSeconds !== null && !isFresh(question) && (question.recentEventCount ?? 0) < MANY_EVENTS;
}

const MEANING: Readonly<Record<BusyWaitPattern, Omit<BusyWait, 'pattern'>>> = {
  mcp_startup: { reason: 'Codex is still starting MCP servers', recommended_action: 'inspect_or_interrupt' },
  rate_limit_prompt: {
    reason: 'Codex asks whether to switch models because a rate limit is near',
    recommended_action: 'inspect_or_interrupt',
  },
  enter_to_confirm: { reason: 'A prompt waits for a choice', recommended_action: 'inspect_or_confirm' },
  trust_prompt: {
    reason: 'Codex asks whether this folder can be trusted',
    recommended_action: 'inspect_or_accept_trust',
  },
  plan_prompt: { reason: 'Codex asks whether to make a plan', recommended_action: 'inspect_or_confirm' },
  approval_prompt: { reason: 'Codex waits for an approval', recommended_action: 'inspect_or_approve' },
  long_running_interruptible: {
    reason: 'The turn has been running for long without much happening',
    recommended_action: 'inspect_or_interrupt',
  },
};

function startupOfScreen(screen: Screen): Startup {
  const { class: name } = screen;
  if (name === 'trust_prompt') return { startup: 'needs_trust', startup_reason: 'Codex asks for trust in this folder' };
  if (screen.dialog !== null) return { startup: 'starting', startup_reason: `Codex waits at a dialog: ${name}` };
  if (isBusyScreen(screen)) return { startup: 'working', startup_reason: 'Codex is at work' };
  switch (name) {
    case 'blank':
      return { startup: 'starting', startup_reason: 'The terminal is still empty' };
    case 'starting':
      return { startup: 'starting', startup_reason: 'Codex has drawn its composer but is not ready' };
    case 'exited':
      return { startup: 'error', startup_reason: 'Codex has ended' };
    case 'server_lost':
      return { startup: 'error', startup_reason: 'Codex lost its background server' };
    default:
      return { startup: 'ready', startup_reason: 'Codex waits for input' };
  }
}

function startupOfRows(text: string): Startup {
  const words = text.toLowerCase();
  const isAnswered = lastRows(text).at(-1) === '›';
  const isReady = words.includes('openai codex') && words.includes('›');
  if (!(isReady && isAnswered) && words.includes('do you trust the contents of this directory')) {
    return { startup: 'needs_trust', startup_reason: 'Codex asks for trust in this folder' };
  }
  if (isReady) return { startup: 'ready', startup_reason: 'Codex shows its banner and a prompt' };
  if (words.includes('working') && words.includes('esc to interrupt')) {
    return { startup: 'working', startup_reason: 'Codex is at work' };
  }
  if (words.includes('error') || words.includes('failed')) {
    return { startup: 'error', startup_reason: 'The terminal shows an error' };
  }
  const startup_reason = words.trim() === '' ? 'The terminal is still empty' : 'No sign of Codex yet';
  return { startup: 'starting', startup_reason };
}
