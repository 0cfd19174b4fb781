import { existsSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import * as z from 'zod/mini';
import { findRolloutOfThread } from '../codex/discoverThread.ts';
import { readLastTurnContext } from '../codex/lastTurnContext.ts';
import { readRolloutHead } from '../codex/rolloutHead.ts';
import { ConveyorError, refuse } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findBindingOfSession } from '../ledger/bindingStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import { listSessions, requireSession, type Session, sessionRoles } from '../ledger/sessionStore.ts';
import { flag, integerWithDefault, optionalPositional, optionalText } from './argument.ts';
import { livenessFrom } from './liveness.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { deliveryPortsOf } from './panes.ts';
import { recordSession } from './register.ts';
import { isSandboxed } from './sandbox.ts';
import { startInTmux } from './startCodex.ts';
import { codexHomeOf } from './userFolders.ts';

const resumedOutput = () =>
  z.object({
    name: z.string(),
    role: z.enum(sessionRoles),
    codex_session_id: z.string(),
    codex_session_path: z.nullable(z.string()),
    cwd: z.string(),
    pid: z.number(),
    tmux_session: z.string(),
    /** What shows that this process holds the thread. */
    proof: z.string(),
    bound_task_id: z.nullable(z.string()),
  });
type Resumed = z.infer<ReturnType<typeof resumedOutput>>;

/** Starts Codex again on the thread of a session whose process has ended: after a crash, or a reboot. */
export const resume = defineOperation({
  name: 'resume',
  summary: 'Start Codex again on the thread of a session that has ended.',
  effect: 'acts',
  inputs: {
    name: optionalPositional('name of the session', 'NAME'),
    all: flag('every registered session whose process has ended'),
    sandbox: optionalText("Codex's sandbox mode; as it was when left out", { placeholder: 'MODE' }),
    askForApproval: optionalText("Codex's approval policy; as it was when left out", { placeholder: 'POLICY' }),
    acceptTrust: flag('answer the trust question with yes, once, when it is recognised'),
    timeoutSeconds: integerWithDefault('how long Codex may take to come up', 30, { placeholder: 'SECONDS' }),
  },
  output: () =>
    z.object({
      resumed: z.array(resumedOutput()),
      skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
      failed: z.array(z.object({ name: z.string(), code: z.string(), error: z.string() })),
    }),
  run: async (context, input) => {
    if (isSandboxed(context)) {
      const verb = `${context.program} resume ${input.name ?? '--all'}`;
      throw refuse('not_supported', `a sandboxed Codex cannot start sessions; run "${verb}" in a terminal`);
    }
    if ((input.name === null) !== input.all) throw refuse('usage', 'give the name of a session, or --all');
    if (input.name !== null) {
      const session = requireSession(context.ledger, input.name);
      return { resumed: [await resumeOne(context, session, input)], skipped: [], failed: [] };
    }
    return resumeAll(context, input);
  },
  exitStatus: ({ failed }) => (failed.length === 0 ? 0 : 1),
});

interface ResumeOptions {
  readonly sandbox: string | null;
  readonly askForApproval: string | null;
  readonly acceptTrust: boolean;
  readonly timeoutSeconds: number;
}

/** One after the other: each takes the machine for a moment, and one that fails keeps none of the others. */
async function resumeAll(context: OperationContext, options: ResumeOptions) {
  const resumed: Resumed[] = [];
  const skipped: { name: string; reason: string }[] = [];
  const failed: { name: string; code: string; error: string }[] = [];
  const isAlive = livenessFrom(context);
  for (const session of listSessions(context.ledger).filter(({ state }) => state === 'active')) {
    const { name } = session;
    const reason = whyNot(context, session, isAlive(session));
    if (reason !== null) {
      skipped.push({ name, reason });
      continue;
    }
    try {
      resumed.push(await resumeOne(context, session, options));
    } catch (error) {
      if (!(error instanceof ConveyorError)) throw error;
      failed.push({ name, code: error.code, error: error.message });
    }
  }
  return { resumed, skipped, failed };
}

function whyNot({ ledger }: OperationContext, session: Session, alive: boolean | null): string | null {
  if (findPanelSession(ledger, session.id)?.kind === 'disposable') return 'no Codex stands behind it';
  if (session.codex_session_id === null) return 'its thread is not known';
  if (alive === null) return 'it cannot be told whether it runs';
  return alive ? 'it runs' : null;
}

/**
 * Throws `session_state` when it runs, `thread_held` when somebody else has its thread open, `rollout_missing` when there
 * is nothing to take up, and what `startSession` throws. Succeeds only when the new pane's process holds the thread.
 */
async function resumeOne(context: OperationContext, session: Session, options: ResumeOptions): Promise<Resumed> {
  const { ledger, clock } = context;
  const thread = threadOf(context, session);
  refuseIfRunning(context, session, thread);
  const panel = findPanelSession(ledger, session.id);
  const tmuxSocket = panel?.tmux_socket ?? null;
  const tmuxSession = await freeTmuxName(context, session, tmuxSocket);
  const boundTaskId = findBindingOfSession(ledger, session.id)?.task_id ?? null;
  const record = (type: string, facts: JsonObject) => {
    const payload = { session: session.name, session_id: session.id, thread_id: thread.id, ...facts };
    ledger.write(() => recordEvent(ledger, { type, taskId: boundTaskId, payload }, clock.now()));
  };
  record('session_resume_started', { tmux_session: tmuxSession });
  try {
    const { started } = await startOn(context, session, thread, { ...options, tmuxSession, tmuxSocket });
    const path = started.codexSessionPath ?? findRolloutOfThread(thread.home, thread.id) ?? thread.path;
    recordSession(context, {
      name: session.name,
      role: session.role,
      tmuxSession: started.tmuxSession,
      codexSessionPath: path,
      codexSessionId: thread.id,
      pid: started.pid,
      cwd: session.cwd === '' ? started.cwd : session.cwd,
      codexVersion: started.version.text,
      tmuxSocket: tmuxSocket ?? context.variables.CONVEYOR_TMUX_SOCKET ?? null,
      paneId: started.paneId,
      via: 'resume',
    });
    const { name, role } = session;
    const { pid, cwd, discovery } = started;
    const proof = discovery?.reason ?? 'nothing';
    const tmux_session = started.tmuxSession;
    record('session_resumed', { pid, tmux_session, proof });
    const known = { codex_session_id: thread.id, codex_session_path: path };
    return { name, role, ...known, cwd, pid, tmux_session, proof, bound_task_id: boundTaskId };
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    record('session_resume_failed', { error: error.message, error_type: error.code });
    throw error;
  }
}

interface StartOptions extends ResumeOptions {
  readonly tmuxSession: string;
  readonly tmuxSocket: string | null;
}

/** As its last turn ran. What can't be read is left to the person's configuration: nothing is loosened by a guess. */
function startOn(context: OperationContext, session: Session, thread: Thread, options: StartOptions) {
  const { tmuxSession, tmuxSocket, acceptTrust, timeoutSeconds } = options;
  const before = readLastTurnContext(thread.path);
  return startInTmux(context, {
    role: session.role,
    name: session.name,
    cwd: before?.cwd ?? readRolloutHead(thread.path).header.cwd,
    sandbox: options.sandbox ?? before?.sandbox ?? '',
    askForApproval: options.askForApproval ?? before?.approval ?? '',
    acceptTrust,
    timeoutSeconds,
    tmuxSession,
    resumes: { threadId: thread.id, codexHome: thread.home, tmuxSocket },
  });
}

interface Thread {
  readonly id: string;
  readonly home: string;
  readonly path: string;
}

/**
 * Only in the caller's own home: a row of the ledger may name any path, but not whose configuration Codex starts with, in
 * which folder, or how freely. All that is read from the rollout there.
 */
function threadOf(
  { variables }: OperationContext,
  { name, role, codex_session_id: id, codex_session_path: known }: Session,
): Thread {
  const anew = `start it anew with "start-${role} --name ${name}"`;
  if (id === null) throw refuse('rollout_missing', `the thread of session '${name}' is not known; ${anew}`);
  const home = resolve(codexHomeOf(variables));
  const sessions = join(home, 'sessions') + sep;
  const isHere = known !== null && resolve(known).startsWith(sessions) && existsSync(known);
  const path = isHere ? known : findRolloutOfThread(home, id);
  if (path !== null && readRolloutHead(path).header.threadId === id) return { id, home, path };
  if (known === null) {
    throw refuse('rollout_missing', `session '${name}' was never spoken to, and Codex keeps no such thread; ${anew}`);
  }
  const elsewhere = `its rollout was ${known}; if that is another Codex home, set CODEX_HOME to it`;
  throw refuse('rollout_missing', `no thread ${id} of session '${name}' is in ${home} (${elsewhere})`);
}

/** The writer is looked for on the whole machine: a background server, or a Codex that somebody started by hand. */
function refuseIfRunning(context: OperationContext, session: Session, { id, home, path }: Thread): void {
  const { host } = context;
  if (livenessFrom(context)(session) === true) {
    throw refuse(
      'session_state',
      `session '${session.name}' runs as process ${session.pid}; there is nothing to resume`,
    );
  }
  const [holder] = host.openedBy([path, join(home, 'thread-writer-locks', `${id}.lock`)]);
  if (holder === undefined) return;
  const command = host.commandLine(holder).slice(0, 3).join(' ');
  throw refuse(
    'thread_held',
    `thread ${id} of session '${session.name}' is open in process ${holder} (${command}); end that one first, or register it`,
    { facts: { session: session.name, pid: holder } },
  );
}

/** The terminal that it had, if that is gone; one of which only a shell is left stays as it is. */
async function freeTmuxName(context: OperationContext, session: Session, socket: string | null): Promise<string> {
  const { tmux } = deliveryPortsOf(context, socket);
  const own = `codex-${session.name}`;
  for (const name of [session.tmux_session ?? own, own, `${own}-2`, `${own}-3`, `${own}-4`]) {
    if (!(await tmux.hasSession(name))) return name;
  }
  throw refuse('tmux_exists', `no name is free for the terminal of session '${session.name}'; remove "${own}" in tmux`);
}
