import { dirname, resolve } from 'node:path';
import * as z from 'zod/mini';
import { readRolloutHead } from '../codex/rolloutHead.ts';
import { explainDeferral, explainUndelivered } from '../delivery/deliveryResult.ts';
import { deliverToPane } from '../delivery/deliverToPane.ts';
import { prepareText } from '../delivery/messageText.ts';
import { takeWatermark, userTurnProof } from '../delivery/rolloutProof.ts';
import { checkPlace, locateRollout, type StartedSession, startSession } from '../delivery/startSession.ts';
import type { Hold } from '../dispatch/hold.ts';
import { refuse, wrongRole } from '../domain/errors.ts';
import { findSession, type SessionRole, setSessionRollout } from '../ledger/sessionStore.ts';
import { flag, integerWithDefault, optionalChoice, optionalText, textList, textWithDefault } from './argument.ts';
import { confirmThread } from './confirmations.ts';
import { holdPane } from './holdPane.ts';
import { expandHome, type OperationContext } from './operationContext.ts';
import { deliveryPortsOf } from './panes.ts';
import { recordSession, registeredOutput } from './register.ts';
import { isSandboxed } from './sandbox.ts';
import { type Shim, writeShim } from './shim.ts';

/** The flags that every verb which starts Codex has. The defaults are those of agent-conveyor 0.1.0. */
export const launchInputs = (timeoutSeconds: number) => ({
  cwd: optionalText('folder to run in; the current one when left out', { placeholder: 'FOLDER' }),
  sandbox: textWithDefault("Codex's sandbox mode; empty leaves it to the configuration", 'danger-full-access', {
    placeholder: 'MODE',
  }),
  askForApproval: textWithDefault("Codex's approval policy; empty leaves it to the configuration", 'never', {
    placeholder: 'POLICY',
  }),
  codexProfile: optionalChoice('a named pair of sandbox and approval; the defaults are the same', ['yolo']),
  acceptTrust: flag('answer the trust question with yes, once, when it is recognised'),
  timeoutSeconds: integerWithDefault('how long Codex may take to come up', timeoutSeconds, { placeholder: 'SECONDS' }),
});

/** For what Codex knows and these verbs do not. */
export const codexArguments = {
  codexArg: textList('an argument for Codex itself, as in --codex-arg=--model --codex-arg=NAME', {
    placeholder: 'ARG',
  }),
};

export const startedOutput = () => z.extend(registeredOutput(), { tmux_session: z.string() });
export type Started = z.infer<ReturnType<typeof startedOutput>>;

export interface StartOrder {
  readonly role: SessionRole;
  readonly name: string;
  readonly cwd: string | null;
  readonly sandbox: string;
  readonly askForApproval: string;
  readonly acceptTrust: boolean;
  readonly timeoutSeconds: number;
  /** Arguments for Codex itself. */
  readonly codexArg?: readonly string[];
  /** `codex-<name>` when left out. */
  readonly tmuxSession?: string;
  /** Takes up a thread that nobody has open, with the home that it is in and on the tmux server that was recorded. */
  readonly resumes?: { readonly threadId: string; readonly codexHome: string; readonly tmuxSocket: string | null };
}

/** Everything about one session that can be refused before something is started (CP-12, CP-16, CP-31). */
export function checkStart(
  context: OperationContext,
  { role, name, cwd }: Pick<StartOrder, 'role' | 'name' | 'cwd'>,
): void {
  checkPlace({ name, cwd: startFolder(context, cwd) });
  if (isSandboxed(context)) {
    throw refuse(
      'not_supported',
      `a sandboxed Codex cannot start sessions; run "${context.program} start-${role} --name ${name}" in a terminal, or start it from the panel`,
    );
  }
  const known = findSession(context.ledger, name);
  if (known !== null && known.role !== role) throw wrongRole(name, known.role, role);
  if (known?.state === 'active') {
    throw refuse(
      'session_state',
      `session '${name}' is already registered; take another name, or "deregister ${name}" first`,
    );
  }
}

/** Absolute; the current folder when none was given. */
export function startFolder({ cwd, variables }: OperationContext, given: string | null): string {
  return resolve(cwd, expandHome(given ?? '.', variables));
}

/** A session that runs and is registered, and has not been spoken to. */
export interface LaunchedCodex {
  readonly output: Started;
  readonly started: StartedSession;
  readonly shim: Shim;
}

/**
 * Starts Codex in tmux, registers it, and hands over its first prompt.
 *
 * Throws what `startSession` throws, and `delivery_failed` when the prompt did not arrive.
 */
export async function startCodex(
  context: OperationContext,
  order: StartOrder,
  prompt: ((shim: Shim) => string) | null,
): Promise<Started> {
  checkStart(context, order);
  const launched = await launchCodex(context, order);
  return prompt === null ? launched.output : promptCodex(context, launched, prompt(launched.shim));
}

/** Starts and registers; the session is registered before anything is typed: what was started is never nameless. */
export async function launchCodex(context: OperationContext, order: StartOrder): Promise<LaunchedCodex> {
  const { role, name } = order;
  const { started, shim } = await startInTmux(context, order);
  const registered = recordSession(context, {
    name,
    role,
    tmuxSession: started.tmuxSession,
    codexSessionPath: started.codexSessionPath,
    codexSessionId: started.codexSessionId,
    pid: started.pid,
    cwd: started.cwd,
    codexVersion: started.version.text,
    tmuxSocket: context.variables.CONVEYOR_TMUX_SOCKET ?? null,
    paneId: started.paneId,
    via: `start-${role}`,
  });
  return { output: { ...registered, tmux_session: started.tmuxSession }, started, shim };
}

/** Starts Codex in tmux and registers nothing. */
export async function startInTmux(
  context: OperationContext,
  order: StartOrder,
): Promise<Pick<LaunchedCodex, 'started' | 'shim'>> {
  const shim = writeShim(context.ledgerFile, context.runtime, context.variables);
  const { resumes } = order;
  const ports = { ...deliveryPortsOf(context, resumes?.tmuxSocket), runner: context.processes };
  const started = await startSession(ports, {
    role: order.role,
    name: order.name,
    cwd: startFolder(context, order.cwd),
    environment: {
      ...sessionEnvironment(context, shim),
      ...(resumes === undefined ? {} : { CODEX_HOME: resumes.codexHome }),
    },
    stateRoot: dirname(context.ledgerFile),
    sandbox: order.sandbox || null,
    approval: order.askForApproval || null,
    setsToolPath: true,
    acceptTrust: order.acceptTrust,
    timeoutSeconds: order.timeoutSeconds,
    extraArguments: order.codexArg ?? [],
    ...(order.tmuxSession === undefined ? {} : { tmuxSession: order.tmuxSession }),
    ...(resumes === undefined ? {} : { resumes: resumes.threadId }),
  });
  return { started, shim };
}

/**
 * Delivers the first prompt with proof, and learns the rollout that Codex may only have made for it. Nobody else types
 * there meanwhile: ends the hold on the pane, or one of its own.
 */
export async function promptCodex(
  context: OperationContext,
  { output, started }: LaunchedCodex,
  prompt: string,
  hold: Hold | null = null,
): Promise<Started> {
  const held = hold ?? (await holdPane(context, started));
  const order = { name: output.name, prompt, hold: held };
  const path = await handOverPrompt(context, started, order).finally(() => held.end());
  const threadId = started.codexSessionId ?? (path === null ? null : readRolloutHead(path).header.threadId);
  if (path === null || threadId === null || output.codex_session_path !== null) return output;
  context.ledger.write(() => setSessionRollout(context.ledger, output.session_id, path, threadId));
  confirmThread(context, output.session_id, threadId);
  return { ...output, codex_session_path: path, codex_session_id: threadId };
}

interface PromptOrder {
  readonly name: string;
  readonly prompt: string;
  /** Of the pane. Null where no other process knows it. */
  readonly hold: Hold | null;
}

/** Delivers the first prompt; returns where the rollout is, which Codex may only have made for it. */
export async function handOverPrompt(
  context: OperationContext,
  started: StartedSession,
  { name, prompt, hold }: PromptOrder,
): Promise<string | null> {
  const text = prepareText(prompt);
  let path = started.codexSessionPath;
  const locate = () => {
    path ??= locateRollout(context.host, started);
    return path;
  };
  const result = await deliverToPane(deliveryPortsOf(context), {
    address: { session: started.tmuxSession, paneId: started.paneId },
    text,
    proof: userTurnProof({ watermark: takeWatermark(path), text: text.recorded, locate }),
    ...(hold === null ? {} : { beforeFirstKey: () => hold.confirm() }),
  });
  if (result.outcome === 'delivered') return locate();
  const why = result.outcome === 'deferred' ? explainDeferral(result.reason) : explainUndelivered(result.reason);
  throw refuse(
    'delivery_failed',
    `session '${name}' runs in tmux session '${started.tmuxSession}', but its first prompt did not arrive: ${why}; send it with "session-nudge ${name}"`,
    { facts: { session: name, outcome: result.outcome, reason: result.reason } },
  );
}

/** What Codex and its tools must see whatever the tmux server has in its environment: the ledger of this call (CP-22). */
function sessionEnvironment({ variables, ledgerFile }: OperationContext, shim: Shim): Record<string, string> {
  const handedOn = Object.entries(variables).filter(([name]) =>
    /^(?:CODEX_HOME|TMPDIR|CONVEYOR_\w+|XDG_\w+|LANG|LC_\w+|TERM|COLORTERM)$/.test(name),
  );
  return {
    ...Object.fromEntries(handedOn.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    WORKERCTL_STATE_ROOT: dirname(ledgerFile),
    PATH: [shim.folder, variables.PATH].filter(Boolean).join(':'),
  };
}
