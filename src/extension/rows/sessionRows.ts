import { moodWords, type SessionMood, sessionMood } from '../../protocol/sessionMood.ts';
import type { AttentionItem, SessionQuestion, SessionView } from '../../protocol/snapshot.ts';
import { rowKinds } from '../ids.ts';
import type { InFolder, PanelModel } from '../model.ts';
import { ageOf, ageText, agoText } from './age.ts';
import { card, codeBlock } from './markdown.ts';
import { icon, type Row, row, type RowIcon } from './row.ts';

export interface SessionLook {
  readonly word: string;
  readonly icon: RowIcon;
}

const icons: Readonly<Record<SessionMood, RowIcon>> = {
  gone: icon('circle-slash', 'disabledForeground'),
  // Both are gone; only one was cut off at work.
  crashed: icon('debug-disconnect', 'list.errorForeground'),
  ended: icon('debug-disconnect', 'disabledForeground'),
  rate_limited: icon('clock', 'list.warningForeground'),
  working: icon('loading~spin', 'charts.blue'),
  unread: icon('pass-filled', 'charts.green'),
  read: icon('pass', 'charts.green'),
  idle: icon('circle-outline', 'charts.green'),
  unknown: icon('question', 'disabledForeground'),
  approval: icon('bell-dot', 'list.warningForeground'),
  question: icon('comment-unresolved', 'list.warningForeground'),
  failed: icon('error', 'list.errorForeground'),
  stalled: icon('watch', 'list.warningForeground'),
  undelivered: icon('mail', 'list.errorForeground'),
  unconfirmed: icon('shield', 'list.warningForeground'),
  turn_finished: icon('pass', 'charts.green'),
};

/** How a session's state is shown. Shapes differ as well as colours. */
export function sessionLook(session: SessionView, waiting: AttentionItem | undefined): SessionLook {
  const mood = sessionMood(session, waiting?.kind ?? null);
  return { word: moodWords[mood], icon: icons[mood] };
}

const evidenceWords: Readonly<Record<string, string | undefined>> = { app_server: 'app server' };

const sourceWords: Readonly<Record<SessionView['source'], string>> = {
  rollout: 'rollout',
  pane: 'screen',
  app_server: 'app server',
  none: '',
};

export function sessionRows(model: PanelModel, now: number): readonly Row[] {
  const severalFolders = model.folders.length > 1;
  return model.sessions.map((session) => sessionRow(session, { model, now, idPrefix: 'session', severalFolders }));
}

interface SessionRowPlace {
  readonly model: PanelModel;
  readonly now: number;
  /** Rows of one session in several places need several ids. */
  readonly idPrefix: string;
  readonly severalFolders?: boolean;
}

export function sessionRow({ folder, item: session }: InFolder<SessionView>, place: SessionRowPlace): Row {
  const waiting = folder.engine.snapshot?.attention.find((item) => item.session === session.name);
  const look = sessionLook(session, waiting);
  const ageMs = ageOf(session.observedAt, place.now);
  const source = sourceWords[session.source];
  // The sidebar is narrow: what changes comes first, what one knows anyway is cut off.
  const facts = [look.word, ageMs === null ? '' : ageText(ageMs), session.role, source].filter(Boolean);
  if (place.severalFolders) facts.push(folder.name);
  return row({
    id: `${place.idPrefix}/${folder.path}/${session.id}`,
    label: session.name,
    description: facts.join(' · '),
    icon: look.icon,
    tooltip: [
      card(session.name, waiting?.message ?? session.note ?? session.attention.reason, [
        ['Role', session.role],
        ['State', look.word],
        ['Known from', session.attention.sources.map((name) => evidenceWords[name] ?? name).join(', ') || source],
        ['But', session.attention.contradictions.join('; ') || null],
        ['Seen', ageMs === null ? null : agoText(ageMs)],
        ['Not confirmed', session.unconfirmed],
        ['Task', session.task],
        ['Folder', session.cwd],
        ['tmux', session.terminal?.session ?? 'none'],
        ['Thread', session.codexSessionId],
        ['Process', session.pid === null ? null : String(session.pid)],
      ]),
      session.question === null ? '' : codeBlock(questionText(session.question)),
    ]
      .join('\n\n')
      .trim(),
    spoken: [`${session.role} ${session.name}`, look.word, ageMs === null ? '' : agoText(ageMs), waiting?.message ?? '']
      .filter(Boolean)
      .join(', '),
    contextValue: kindOf(session),
    target: { kind: 'session', folder: folder.path, session: session.name },
  });
}

/** Decides which actions the row offers. */
function kindOf({ registration, question, attention }: SessionView): string {
  if (registration === 'gone') return rowKinds.goneSession;
  if (question !== null) return rowKinds.askingSession;
  return isUnread(attention) ? rowKinds.unreadSession : rowKinds.session;
}

/** It has something to say that nobody has looked at. */
export function isUnread({ state, detail }: SessionView['attention']): boolean {
  return state === 'turn_ended' && detail === 'unread';
}

function questionText({ text, options }: SessionQuestion): string {
  return [text, '', ...options.map(({ number, label }) => `${number}. ${label}`)].join('\n');
}
