import type { Screen, ScreenClass, ScreenComposer, ScreenNotice } from '../domain/screen.ts';
import { readPaneRows, paragraphAbove, type PaneRow } from './paneRows.ts';
import { readPaneTitle } from './paneTitle.ts';
import { kindOfSentence } from './readModelError.ts';
import { readScreenComposer, type ComposerOnScreen } from './screenComposer.ts';
import { readDialog } from './screenDialogs.ts';

export interface ScreenInput {
  /** Plain text, or rows of a styled capture. Only the visible screen: what scrolled away is over. */
  readonly pane: string | readonly PaneRow[];
  /** `#{pane_title}` at the same moment. */
  readonly title?: string;
}

/**
 * Says what Codex's screen is by what stands at its bottom: a dialog, a full-screen view, the composer with what is
 * drawn around it, a goodbye. Text further up, quoted or scrolled back, decides nothing.
 */
export function recogniseScreen({ pane, title = '' }: ScreenInput): Screen {
  const panes = readPaneRows(pane);
  const { rows } = panes;
  if (rows.length === 0) return screen('blank');

  const found = readDialog(rows);
  if (found !== null) {
    return { ...screen(found.dialog.class), dialog: found.dialog, notice: noticeAbove(rows, found.from) };
  }
  const view = fullScreenView(rows);
  if (view !== null) return screen(view);

  const composer = readScreenComposer(panes);
  if (composer !== null) return composerScreen(rows, composer, title);
  return screen(saidGoodbye(rows) ? 'exited' : 'unknown');
}

function screen(name: ScreenClass): Screen {
  return { class: name, dialog: null, composer: null, notice: null, status: null };
}

function composerScreen(rows: readonly string[], found: ComposerOnScreen, title: string): Screen {
  const { composer, from, below } = found;
  // 0.20 draws the status in place of the composer.
  if (/^\S .*\bctrl c to interrupt\)/iu.test(composer.text)) {
    return { ...screen('busy'), status: composer.text };
  }
  const status = statusAbove(rows, from);
  if (status !== null) return { ...screen(status.class), composer, status: status.text };
  const known = { ...screen('composer_ready'), composer, notice: noticeAbove(rows, from) };
  // While an answer streams 0.169 shows no status: only the title tells.
  if (readPaneTitle(title).activity === 'working') return { ...known, class: 'busy', notice: null };
  return { ...known, class: idleClass(composer, below) };
}

function idleClass({ text, content }: ScreenComposer, below: readonly string[]): ScreenClass {
  if (below.some((row) => /^\s*Browsing transcript\b/u.test(row))) return 'transcript_browsing';
  // 0.169, before it knows which start-up dialog it has to show: a footer without the model.
  if (below.length === 1 && below[0]?.trim() === '? for shortcuts') return 'starting';
  // Popups take the footer's place, or stand above a command that is being typed.
  if (/^\/\S*$/u.test(text.split('\n', 1)[0] ?? '')) return 'composer_popup';
  // Placeholders name a file too.
  if (content === 'text' && /(?:^|\s)@\S*$/u.test(text)) return 'composer_popup';
  return 'composer_ready';
}

const CLOCK = /\((?:\d+h )?(?:\d+m )?\d+s • (?:esc|ctrl c) to int/iu;
const STATUS_KINDS: readonly { readonly class: ScreenClass; readonly text: RegExp }[] = [
  { class: 'server_lost', text: /^[•◦] Reconnecting to server…/u },
  { class: 'busy_reconnecting', text: /^[•◦] Reconnecting\.\.\./u },
  { class: 'busy_compacting', text: /^[•◦] Compacting context \(/u },
  { class: 'busy_starting_mcp', text: /^[•◦] Starting MCP servers?\b.*\(/u },
  // Any headline; 0.40 has no bullet. A quotation would stand further to the right.
  { class: 'busy', text: /^(?:[•◦] \S| {2}[A-Z][\w ]* \()/u },
];

/** The status stands right above the composer; only messages that wait to be sent may be between them. */
function statusAbove(rows: readonly string[], composer: number): { class: ScreenClass; text: string } | null {
  let end = composer;
  for (let looked = 0; looked < 4; looked += 1) {
    const range = paragraphAbove(rows, end);
    if (range === null) return null;
    const text = rows[range.from] ?? '';
    const kind = STATUS_KINDS.find((candidate) => candidate.text.test(text));
    // In a narrow pane the clock is cut off; the kinds that have a name of their own do without it.
    if (kind !== undefined && (CLOCK.test(text) || kind.class !== 'busy')) {
      return {
        class: kind.class === 'busy' && isRetrying(rows, range.from) ? 'busy_reconnecting' : kind.class,
        text: text.trim(),
      };
    }
    if (!BACKGROUND.test(text) && !WAITING_MESSAGES.test(text)) return null;
    end = range.from;
  }
  return null;
}

const WAITING_MESSAGES = /^(?:\s+↳ |• Messages to be submitted|• Queued follow-up)/u;

/** 0.40 writes its retries into the history, right above the status. */
function isRetrying(rows: readonly string[], status: number): boolean {
  const range = paragraphAbove(rows, status);
  if (range === null) return false;
  const text = rows.slice(range.from, range.to).join(' ');
  return /^⚠\uFE0F?\s+stream error:/u.test(text) && /; retrying\s+\d+\/\d+\s+in\b/u.test(text);
}

/** Views that take the whole pane say in their last two rows how to leave them. */
function fullScreenView(rows: readonly string[]): ScreenClass | null {
  const hints = rows.slice(-2).join(' ');
  if (/\bscroll\b/u.test(hints) && /\bq (?:to quit|quit|close)\b/u.test(hints)) return 'transcript_pager';
  if (/^\s*enter resume\b/u.test(rows.at(-2) ?? '') || /^\s*enter resume\b/u.test(rows.at(-1) ?? ''))
    return 'resume_picker';
  if (/^\s*\? help\b.*\benter open\b/u.test(rows.at(-1) ?? '')) return 'agents_list';
  return null;
}

const GOODBYE = /^(?:To continue this session, run\b|Disconnected from this task\.|Token usage: total=)/u;

function saidGoodbye(rows: readonly string[]): boolean {
  return rows.slice(-8).some((row) => GOODBYE.test(row));
}

/** What Codex marked as a problem right above the composer or dialog. */
function noticeAbove(rows: readonly string[], end: number): ScreenNotice | null {
  const range = paragraphAbove(rows, end);
  if (range === null) return null;
  const paragraph = rows.slice(range.from, range.to);
  if (BACKGROUND.test(paragraph[0] ?? '')) return noticeAbove(rows, range.from);
  const first = paragraph.findLastIndex((row) => NOTICE_SIGN.test(row));
  if (first === -1) return null;
  const text = paragraph
    .slice(first)
    .map((row) => row.trim())
    .join(' ');
  const said = text.replace(NOTICE_SIGN, '');
  if (/^(?:Conversation|Turn) interrupted\b/u.test(said)) return { kind: 'interrupted', text: said };
  const kind = kindOfSentence(said);
  if (kind !== null) return { kind, text: said };
  // Warnings are no errors unless they say so.
  return text.startsWith('⚠') ? null : { kind: 'other', text: said };
}

const NOTICE_SIGN = /^(?:■|🖐|⚠\uFE0F?)\s+/u;
/** Stays while idle too, so it says nothing about the turn. */
const BACKGROUND = /^\s*\d+ background terminals? running\b/u;
