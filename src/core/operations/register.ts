import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findPanelSession, type PanelSession, registerPanelSession } from '../ledger/panelSessionStore.ts';
import { findSession, type Session, type SessionRole, sessionRoles, upsertSession } from '../ledger/sessionStore.ts';
import { flag, type InputOf, optionalInteger, optionalText, requiredText } from './argument.ts';
import { confirmRegistration } from './confirmations.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { namedThread, ownThread, paneOf, type RegisteredThread, runningThread } from './registerThread.ts';
import { isSandboxed } from './sandbox.ts';

const inputs = {
  name: requiredText('name of the session', { placeholder: 'NAME' }),
  pid: optionalInteger('process id of the Codex; always needed, but by one that registers itself', {
    placeholder: 'PID',
  }),
  codexSession: optionalText('its rollout file, or the id of its thread; found by the pid when left out', {
    placeholder: 'FILE',
  }),
  cwd: optionalText('its folder; read from the rollout when left out', { placeholder: 'FOLDER' }),
  tmuxSession: optionalText('the tmux session it runs in; kept when left out', { placeholder: 'NAME' }),
  askStatus: flag('where nothing else tells the thread, type /status into the idle Codex and read it there'),
};

export const registeredOutput = () =>
  z.object({
    codex_session_id: z.nullable(z.string()),
    codex_session_path: z.nullable(z.string()),
    cwd: z.string(),
    name: z.string(),
    pid: z.nullable(z.number()),
    role: z.enum(sessionRoles),
    session_id: z.string(),
  });

type Registered = z.infer<ReturnType<typeof registeredOutput>>;

export const registerWorker = defineOperation({
  name: 'register-worker',
  summary: 'Record a Codex that already runs as a worker.',
  effect: 'writes',
  inputs,
  output: registeredOutput,
  run: (context, input) => register(context, 'worker', input),
});

export const registerManager = defineOperation({
  name: 'register-manager',
  summary: 'Record a Codex that already runs as a manager.',
  effect: 'writes',
  inputs,
  output: registeredOutput,
  run: (context, input) => register(context, 'manager', input),
});

async function register(
  context: OperationContext,
  role: SessionRole,
  input: InputOf<typeof inputs>,
): Promise<Registered> {
  const { name } = input;
  if (!name.trim()) throw refuse('invalid_name', `a session needs a name: register-${role} --name NAME`);
  const thread = await threadOf(context, input);
  const pid = processOf(context, input, thread);
  const pane =
    pid === null || input.tmuxSession === null ? null : await paneOf(context, { pid, tmuxSession: input.tmuxSession });
  return recordSession(context, {
    name,
    role,
    tmuxSession: input.tmuxSession ?? undefined,
    codexSessionPath: thread.path,
    codexSessionId: thread.threadId,
    pid,
    cwd: input.cwd ?? thread.cwd ?? (pid === null ? null : context.host.workingFolder(pid)) ?? '',
    codexVersion: thread.cliVersion,
    ...(pane === null ? {} : { paneId: pane.paneId }),
  });
}

function threadOf(
  context: OperationContext,
  input: InputOf<typeof inputs>,
): RegisteredThread | Promise<RegisteredThread> {
  const { pid, codexSession, tmuxSession, askStatus } = input;
  if (codexSession !== null) return namedThread(context, codexSession);
  // From inside a sandbox every process outside looks dead: a session there is known by its thread alone.
  const own = pid === null || isSandboxed(context) ? ownThread(context) : null;
  if (own !== null) return own;
  if (pid === null) {
    throw refuse(
      'missing_input',
      'must supply --pid or --codex-session (give --pid, and --codex-session when the rollout is not found by it)',
    );
  }
  if (pid <= 0) throw refuse('invalid_value', `--pid must be a positive number, not ${pid}`);
  return runningThread(context, { pid, tmuxSession, mayAskStatus: askStatus });
}

/** Null for a session that is known by its thread alone. */
function processOf(
  context: OperationContext,
  { pid }: InputOf<typeof inputs>,
  { found }: RegisteredThread,
): number | null {
  if (found.strategy === 'own_environment') {
    if (pid !== null) context.warn(`the process id ${pid} says nothing outside this sandbox and is left out`);
    return null;
  }
  if (pid === null) throw refuse('missing_input', '--pid is required when --codex-session is supplied');
  if (pid <= 0) throw refuse('invalid_value', `--pid must be a positive number, not ${pid}`);
  return pid;
}

/** What is known of a session when it is registered or started. `undefined` keeps what is stored. */
export interface SessionFacts {
  readonly name: string;
  readonly role: SessionRole;
  readonly tmuxSession: string | undefined;
  readonly codexSessionPath: string | null;
  readonly codexSessionId: string | null;
  readonly pid: number | null;
  readonly cwd: string;
  readonly codexVersion: string | null;
  readonly tmuxSocket?: string | null;
  readonly paneId?: string | null;
  readonly via?: 'start-worker' | 'start-manager' | 'resume';
}

/** Writes the session, its panel side and the event in one transaction. Throws `wrong_role`. */
export function recordSession(context: OperationContext, facts: SessionFacts): Registered {
  const { session, panel } = writeRegistration(context, facts);
  confirmRegistration(context, session, panel, { tmuxSession: facts.tmuxSession !== undefined });
  return registered(session);
}

function writeRegistration({ ledger, clock, host }: OperationContext, facts: SessionFacts) {
  const processStart = facts.pid === null ? null : host.startTime(facts.pid);
  return ledger.write(() => {
    const known = findSession(ledger, facts.name);
    if (known !== null && known.role !== facts.role) {
      throw refuse(
        'wrong_role',
        `refusing to re-register session '${facts.name}' as a ${facts.role}: it is a ${known.role}`,
      );
    }
    const before = known === null ? null : findPanelSession(ledger, known.id);
    const { tmuxSession, ...registration } = facts;
    const session = upsertSession(
      ledger,
      { ...registration, ...(tmuxSession === undefined ? {} : { tmuxSession }) },
      clock.now(),
    );
    const panel = registerPanelSession(
      ledger,
      session.id,
      {
        kind: 'codex',
        processStart,
        bootId: host.bootId,
        codexVersion: facts.codexVersion,
        startsIncarnation: known !== null && isAnotherCodex(known, before, facts, processStart),
        ...(facts.tmuxSocket === undefined ? {} : { tmuxSocket: facts.tmuxSocket }),
        ...(facts.paneId === undefined ? {} : { paneId: facts.paneId }),
      },
      clock.now(),
    );
    const via = facts.via === undefined ? {} : { via: facts.via };
    const payload = {
      codex_session_id: facts.codexSessionId,
      name: facts.name,
      pid: facts.pid,
      role: facts.role,
      session_id: session.id,
      ...via,
    };
    recordEvent(ledger, { type: 'session_registered', payload }, clock.now());
    return { session, panel };
  });
}

/** Another thread, or another process where the thread is not known to be the same: a new incarnation of the name. */
function isAnotherCodex(
  known: Session,
  panel: PanelSession | null,
  facts: SessionFacts,
  processStart: string | null,
): boolean {
  if (known.codex_session_id !== null && facts.codexSessionId !== null)
    return known.codex_session_id !== facts.codexSessionId;
  return known.pid !== facts.pid || (panel?.process_start ?? null) !== processStart;
}

function registered(session: Session): Registered {
  const { codex_session_id, codex_session_path, cwd, name, pid, role } = session;
  return { codex_session_id, codex_session_path, cwd, name, pid, role, session_id: session.id };
}
