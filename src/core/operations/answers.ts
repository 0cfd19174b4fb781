import * as z from 'zod/mini';
import type { SessionAction } from '../dispatch/sessionAction.ts';
import { refuse } from '../domain/errors.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { type PaneView, readObservation } from '../ledger/observationStore.ts';
import { requireSession, type Session } from '../ledger/sessionStore.ts';
import { lookAtSession } from '../supervise/observe.ts';
import { actOnSession } from './actOnSession.ts';
import { flag, optionalText, positional, requiredInteger } from './argument.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { tmuxAtOf } from './panes.ts';
import { isSandboxed } from './sandbox.ts';

const inputs = {
  name: positional('name of the session', 'NAME'),
  expect: optionalText('fingerprint of the question that was read; another one is left alone', {
    placeholder: 'FINGERPRINT',
  }),
  dryRun: flag('say what is asked, and press nothing'),
};

const output = () =>
  z.looseObject({
    dry_run: z.boolean(),
    session: z.string(),
    /** The option that was taken; null for a denial. */
    option: z.nullable(z.int()),
    question: z.nullable(
      z.object({
        dialog: z.nullable(z.string()),
        text: z.string(),
        options: z.array(z.object({ number: z.number(), label: z.string() })),
        fingerprint: z.string(),
      }),
    ),
    side_effect_completed: z.boolean(),
    time: z.string(),
  });

/** Takes one option of the question that Codex asks on a session's screen. */
export const approve = defineOperation({
  name: 'approve',
  summary: 'Take an option of what a session asks on its screen.',
  effect: 'acts',
  inputs: { ...inputs, option: requiredInteger('number of the option', { placeholder: 'N' }) },
  output,
  run: (context, input) => answer(context, input),
});

/** Declines what Codex asks on a session's screen. */
export const deny = defineOperation({
  name: 'deny',
  summary: 'Decline what a session asks to be approved.',
  effect: 'acts',
  inputs,
  output,
  run: (context, input) => answer(context, { ...input, option: null }),
});

interface AnswerInput {
  readonly name: string;
  readonly option: number | null;
  readonly expect: string | null;
  readonly dryRun: boolean;
}

async function answer(context: OperationContext, { name, option, expect, dryRun }: AnswerInput) {
  const session = requireSession(context.ledger, name);
  const pane = session.tmux_session === null ? null : await lookAt(context, session);
  const question = questionOf(pane);
  const action: SessionAction = {
    type: 'session_answer',
    session,
    option,
    expected: expect ?? question?.fingerprint ?? null,
  };
  const check = () => {
    if (question === null) throw nothingAsked(session, pane);
  };
  const done = await actOnSession(context, action, { isDryRun: dryRun, check, isForOthers: isAgent(context) });
  return {
    dry_run: dryRun,
    session: session.name,
    option,
    question,
    side_effect_completed: done.acted,
    time: formatTimestamp(context.clock.now()),
    ...done.facts,
  };
}

/**
 * A command of a Codex is no person, sandboxed or not: it needs the person's permission (VS Code's settings, or the user
 * file). What runs in a terminal of the person's, or in the panel, is the person's own word.
 */
function isAgent({ surface, variables }: OperationContext): boolean {
  if (surface === 'panel') return false;
  return ['CODEX_THREAD_ID', 'CODEX_SESSION_ID', 'CODEX_TOOL_CALL_ID', 'CODEX_CI'].some(
    (name) => variables[name] !== undefined,
  );
}

/** With one's own eyes, or from inside a sandbox with the supervisor's. */
async function lookAt(context: OperationContext, session: Session): Promise<PaneView | null> {
  const { ledger, clock, host } = context;
  if (isSandboxed(context)) return readObservation(ledger, session.id, context)?.pane ?? null;
  const tmuxAt = tmuxAtOf(context);
  return (await lookAtSession({ ledger, clock, host, tmuxAt }, session)).observation.pane;
}

function questionOf(pane: PaneView | null) {
  return pane?.question == null ? null : { dialog: pane.dialog, ...pane.question };
}

function nothingAsked({ name }: Session, pane: PaneView | null) {
  if (pane === null) return refuse('dialog_missing', `no supervisor has looked at session '${name}' yet`);
  if (pane.captured) return refuse('dialog_missing', `session '${name}' asks nothing on its screen (${pane.screen})`);
  return refuse('dialog_missing', `the screen of session '${name}' can't be seen: ${pane.problem}`);
}
