import * as z from 'zod/mini';
import { listSessions, type Session, sessionRoles, sessionRow } from '../ledger/sessionStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import type { Attention } from '../domain/attention.ts';
import type { Connection } from '../ledger/connection.ts';
import { attentionOfSession } from '../supervise/attention.ts';
import { readSessionState } from '../supervise/sessionState.ts';
import { attentionOutput } from './attentionOutput.ts';
import { flag, optionalChoice, textList } from './argument.ts';
import { lastLookFrom } from './liveness.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';

/** Lists registered sessions, oldest first. */
export const sessions = defineOperation({
  name: 'sessions',
  summary: 'List registered sessions.',
  effect: 'reads',
  inputs: {
    role: optionalChoice('only this role', sessionRoles),
    state: optionalChoice('only this state', ['active', 'gone', 'all']),
    includeLegacy: flag('also rows without a pid that came from older tables'),
    name: textList('only these names', { placeholder: 'NAME' }),
    redactIdentityToken: flag('mask identity tokens'),
  },
  output: () => z.array(z.extend(sessionOutput(), { attention: attentionOutput() })),
  run: (context, input) =>
    listSessions(context.ledger)
      .filter((session) => input.role === null || session.role === input.role)
      .filter((session) => matchesState(context.ledger, session, input.state, input.includeLegacy))
      .filter((session) => input.name.length === 0 || input.name.includes(session.name))
      .map((session) => (input.redactIdentityToken ? { ...session, identity_token: '[REDACTED]' } : session))
      .map((session) => ({ ...session, attention: attentionFrom(context, session) })),
});

/** From what was read and seen so far: nothing is looked at for it but whether the process lives. */
function attentionFrom(context: OperationContext, session: Session): Attention {
  const { ledger, clock } = context;
  const state = readSessionState(ledger, session.id);
  return attentionOfSession(ledger, { session, state, observation: lastLookFrom(context)(session), now: clock.now() });
}

export const sessionOutput = () => sessionRow;

type StateFilter = 'active' | 'gone' | 'all' | null;

function matchesState(ledger: Connection, session: Session, state: StateFilter, includeLegacy: boolean): boolean {
  if (state === 'all') return true;
  if (state === 'gone') return session.state === 'gone';
  if (session.state === 'gone') return false;
  return session.pid !== null || (state === null && includeLegacy) || findPanelSession(ledger, session.id) !== null;
}
