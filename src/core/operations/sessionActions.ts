import * as z from 'zod/mini';
import { prepareText } from '../delivery/messageText.ts';
import { interruptKey } from '../dispatch/interruptSession.ts';
import { refusalForOthers, type SessionAction } from '../dispatch/sessionAction.ts';
import { refuse } from '../domain/errors.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { requireSession } from '../ledger/sessionStore.ts';
import { readPaneKey } from '../tmux/paneInput.ts';
import { actOnSession } from './actOnSession.ts';
import { flag, optionalText, positional } from './argument.ts';
import { defineOperation } from './operation.ts';
import { isSandboxed } from './sandbox.ts';

const anyway = flag('send it although the screen is not recognised: you have looked at it, and it reads messages');
const dryRun = flag('say what would be done, and do nothing');

/** Says something to a session in its terminal. */
export const sessionNudge = defineOperation({
  name: 'session-nudge',
  summary: 'Say something to a session in its terminal.',
  effect: 'acts',
  inputs: { name: positional('name of the session', 'NAME'), text: positional('what to say', 'TEXT'), anyway, dryRun },
  output: () =>
    z.looseObject({
      dry_run: z.boolean(),
      session: z.string(),
      side_effect_started: z.boolean(),
      side_effect_completed: z.boolean(),
      target: z.nullable(z.string()),
      text: z.string(),
      time: z.string(),
    }),
  run: async (context, input) => {
    const session = requireSession(context.ledger, input.name);
    if (input.anyway && (isSandboxed(context) || context.variables.CODEX_THREAD_ID !== undefined)) {
      throw refuse('permission_denied', 'only the person may send to a screen that is not recognised');
    }
    const { anyway: acceptsUnknownScreen, text } = input;
    const action: SessionAction = { type: 'session_nudge', session, text, acceptsUnknownScreen };
    const check = () => prepareText(input.text);
    const done = await actOnSession(context, action, { isDryRun: input.dryRun, check });
    return {
      dry_run: input.dryRun,
      session: session.name,
      side_effect_started: done.acted,
      side_effect_completed: done.acted,
      target: session.tmux_session,
      text: input.text,
      time: formatTimestamp(context.clock.now()),
      ...done.facts,
    };
  },
});

/** Ends the running turn of a session. */
export const sessionInterrupt = defineOperation({
  name: 'session-interrupt',
  summary: 'End the running turn of a session.',
  effect: 'acts',
  inputs: {
    name: positional('name of the session', 'NAME'),
    key: optionalText('key to press instead of the right one', { placeholder: 'KEY' }),
    followup: optionalText('what to say afterwards', { placeholder: 'TEXT' }),
    dryRun,
  },
  output: () =>
    z.looseObject({
      dry_run: z.boolean(),
      followup: z.nullable(z.string()),
      key: z.string(),
      session: z.string(),
      target: z.nullable(z.string()),
      time: z.string(),
    }),
  run: async (context, input) => {
    const { followup } = input;
    const session = requireSession(context.ledger, input.name);
    // Anything that is no key would be typed as text (OD-43).
    const named = input.key === null ? null : readPaneKey(input.key);
    const key = interruptKey(context, session, named);
    const action: SessionAction = { type: 'session_interrupt', session, key: named, followup };
    const check = () => {
      const refusal = isSandboxed(context) ? refusalForOthers(named) : null;
      if (refusal !== null) throw refuse(refusal.code, refusal.sentence);
      return followup !== null && prepareText(followup);
    };
    const done = await actOnSession(context, action, { isDryRun: input.dryRun, check });
    return {
      dry_run: input.dryRun,
      followup,
      key,
      session: session.name,
      target: session.tmux_session,
      time: formatTimestamp(context.clock.now()),
      ...done.facts,
    };
  },
});
