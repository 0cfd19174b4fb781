import type { FolderState } from '../model.ts';
import { ageText, agoText } from './age.ts';
import { card } from './markdown.ts';
import { icon, type Row, row } from './row.ts';

/** A leader renews every 3 s and loses the lead after 10 s: beyond that nobody is watching. */
const lostAfterMs = 10_000;

/** Who watches this folder and carries messages, and whether it still does. */
export function dispatcherRow(folder: FolderState, now: number): Row {
  const snapshot = folder.engine.snapshot;
  const sinceSnapshot = snapshot ? Math.max(0, now - Date.parse(snapshot.takenAt)) : 0;
  const leader = snapshot?.leader ?? null;
  const dispatcher = snapshot?.dispatcher ?? null;
  const isSteady = leader !== null && folder.engine.kind === 'ready' && leader.heartbeatAgeMs <= lostAfterMs;
  const who = leader === null ? 'nobody leads' : leader.thisWindow ? 'this window' : leader.id;
  const processed = dispatcher ? `${dispatcher.processed} sent on` : '';
  const heartbeatMs = leader ? leader.heartbeatAgeMs : null;
  const state = folder.engine.kind === 'failed' ? 'engine stopped' : isSteady ? '' : 'not watching';
  return row({
    id: `dispatch/${folder.path}`,
    label: 'Dispatch',
    description: [state, who, processed].filter(Boolean).join(' · '),
    icon: icon(isSteady ? 'broadcast' : 'warning', isSteady ? 'charts.green' : 'list.warningForeground'),
    tooltip: card('Dispatch', state === '' ? 'Watches the sessions and carries messages between them.' : `${state}.`, [
      ['Leader', leader?.id ?? 'none'],
      ['In', leader === null ? null : leader.thisWindow ? 'this window' : 'another window or a terminal'],
      ['Heartbeat', heartbeatMs === null ? null : agoText(heartbeatMs)],
      ['Dispatcher', dispatcher?.id ?? null],
      ['Messages processed', dispatcher ? String(dispatcher.processed) : null],
      ['Iterations', dispatcher ? String(dispatcher.iteration) : null],
      ['Last look', snapshot ? ageText(sinceSnapshot) : null],
      ['Ledger', snapshot?.ledgerPath ?? null],
    ]),
    spoken: `dispatch, ${state || 'watching'}, ${who}${heartbeatMs === null ? '' : `, heartbeat ${agoText(heartbeatMs)}`}`,
  });
}
