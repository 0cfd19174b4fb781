import type { AttentionItem, AttentionState, SessionQuestion, SessionView } from '../../protocol/snapshot.ts';
import { rowKinds } from '../ids.ts';
import type { InFolder, PanelModel } from '../model.ts';
import { ageOf, ageText, agoText } from './age.ts';
import { card, codeBlock } from './markdown.ts';
import { icon, type Row, row, type RowIcon } from './row.ts';

export interface SessionLook {
  readonly word: string;
  readonly icon: RowIcon;
}

/**
 * How a session's state is shown. Waiting for the person comes before working: the two must never look alike. Shapes
 * differ as well as colours.
 */
export function sessionLook(session: SessionView, waiting: AttentionItem | undefined): SessionLook {
  if (session.registration === 'gone') return { word: 'gone', icon: icon('circle-slash', 'disabledForeground') };
  const { state, detail } = session.attention;
  if (session.alive === false || state === 'crashed' || state === 'gone') {
    return { word: state === 'crashed' ? 'crashed' : 'ended', icon: icon('error', 'list.errorForeground') };
  }
  if (state === 'rate_limited') return { word: 'rate limited', icon: icon('clock', 'list.warningForeground') };
  const asks = questionLooks[state];
  // What is asked now comes before what else waits.
  if (asks !== undefined && waiting?.kind !== asks) return attentionLook({ kind: asks });
  if (waiting) return attentionLook(waiting);
  if (state === 'working') return { word: 'busy', icon: icon('loading~spin', 'charts.blue') };
  if (state === 'turn_ended') {
    return { word: detail === 'read' ? 'turn ended' : 'turn ended, unread', icon: icon('pass', 'charts.green') };
  }
  if (state === 'idle') return { word: 'idle', icon: icon('circle-outline', 'charts.green') };
  if (state === 'stalled') return attentionLook({ kind: 'stalled' });
  if (state === 'error') return attentionLook({ kind: 'failed' });
  return { word: 'unknown', icon: icon('question', 'disabledForeground') };
}

const questionLooks: Readonly<Partial<Record<AttentionState, 'approval' | 'question'>>> = {
  waiting_approval: 'approval',
  waiting_input: 'question',
};

function attentionLook({ kind }: Pick<AttentionItem, 'kind'>): SessionLook {
  switch (kind) {
    case 'approval':
      return { word: 'needs approval', icon: icon('bell-dot', 'list.warningForeground') };
    case 'question':
      return { word: 'asks a question', icon: icon('comment-unresolved', 'list.warningForeground') };
    case 'failed':
      return { word: 'failed', icon: icon('error', 'list.errorForeground') };
    case 'stalled':
      return { word: 'stalled', icon: icon('watch', 'list.warningForeground') };
    case 'undelivered':
      return { word: 'message undelivered', icon: icon('mail', 'list.errorForeground') };
    case 'unconfirmed':
      return { word: 'waits for your confirmation', icon: icon('shield', 'list.warningForeground') };
    case 'turn_finished':
      return { word: 'finished its turn', icon: icon('pass', 'charts.green') };
    default:
      return kind satisfies never;
  }
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
    contextValue: session.registration === 'gone' ? rowKinds.goneSession : rowKinds.session,
    target: { kind: 'session', folder: folder.path, session: session.name },
  });
}

function questionText({ text, options }: SessionQuestion): string {
  return [text, '', ...options.map(({ number, label }) => `${number}. ${label}`)].join('\n');
}
