/**
 * Starts a Codex in a tmux session of its own and says which process and thread it is.
 *
 *     const started = await startSession(ports, { role: 'worker', name: 'w1', cwd, … });
 *     // then: register it, and deliver the first prompt with deliverToPane
 *
 * Within a second it refuses what can't work: `invalid_name`, `cwd_missing`, `tmux_missing`, `tmux_denied`,
 * `tmux_exists`, `codex_missing`, `codex_unsupported`, `codex_signed_out` where Codex can be asked. Later: the same as
 * soon as its screen says so, `codex_exited` with the last screen, and the tmux session is removed; `codex_timeout`, and
 * it is left for a look. Nothing is typed but the one Enter that `acceptTrust` permits, and that only on the trust
 * question (CP-17).
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isSignedOut } from '../codex/askAccount.ts';
import { askCodexVersion, type CodexBinary, type CodexVersion } from '../codex/codexVersion.ts';
import { findCodexProcess } from '../codex/codexProcess.ts';
import { discoverThread, findRolloutOfThread, findThread } from '../codex/discoverThread.ts';
import type { ThreadCandidate } from '../codex/threadCandidate.ts';
import { planLaunch, type LaunchPlan } from '../codex/launchPlan.ts';
import { ConveyorError, refuse } from '../domain/errors.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import { isFolder } from '../ports/isFolder.ts';
import type { ProcessRunner } from '../ports/processRunner.ts';
import type { PaneSnapshot } from '../tmux/pane.ts';
import { readComposer } from './composer.ts';
import type { DeliveryPorts } from './deliverToPane.ts';
import { isTrustQuestion, readScreen, visibleRows } from './preflight.ts';
import { exitedEarly, signedOut, timedOut } from './startFailures.ts';

export interface StartPorts extends DeliveryPorts {
  readonly runner: ProcessRunner;
}

export interface StartRequest {
  readonly role: 'worker' | 'manager';
  /** Letters, digits, `-` and `_`. The tmux session is `codex-<name>` unless another is given. */
  readonly name: string;
  readonly tmuxSession?: string;
  readonly cwd: string;
  /**
   * What Codex and its commands see whatever the tmux server inherited: at least WORKERCTL_STATE_ROOT, and CODEX_HOME
   * and CONVEYOR_* where they are set. PATH should begin with the shim's folder.
   */
  readonly environment: Readonly<Record<string, string>>;
  readonly stateRoot: string | null;
  readonly sandbox: string | null;
  readonly approval: string | null;
  /** PATH for the model's commands as well, instead of the login shell's. */
  readonly setsToolPath: boolean;
  readonly acceptTrust: boolean;
  readonly timeoutSeconds: number;
  /** A codex to use when none is on PATH: the dev dependency. */
  readonly fallbackCodex?: string;
  readonly extraArguments?: readonly string[];
  /** Takes up this thread instead of beginning one: ready only when the pane's own process holds it. */
  readonly resumes?: string;
  readonly width?: number;
  readonly height?: number;
}

export interface StartedSession {
  readonly tmuxSession: string;
  readonly paneId: string;
  /** The native Codex process. */
  readonly pid: number;
  /** With the pid: who it is although pids come again (CP-7). */
  readonly startTime: string | null;
  /** Null only for 0.81 to 0.146, which tell their thread in full at the first message. */
  readonly codexSessionId: string | null;
  /** Null while Codex has not made the file: since 0.92 with the first message. `findRolloutOfThread` finds it then. */
  readonly codexSessionPath: string | null;
  readonly codexHome: string;
  /** Absolute. */
  readonly cwd: string;
  readonly version: CodexVersion;
  /** How sure the thread is, and why. */
  readonly discovery: Pick<ThreadCandidate, 'strategy' | 'confidence' | 'reason'> | null;
}

const POLL_MILLISECONDS = 60;
/** A screen that stays as it is for so long is done with starting. */
const STILL_MILLISECONDS = 240;

export function tmuxSessionOf(name: string): string {
  return `codex-${name}`;
}

/** A name that tmux takes as it is (CP-12), and a folder that exists. Throws `invalid_name`, `cwd_missing`. */
export function checkPlace({ name, cwd }: Pick<StartRequest, 'name' | 'cwd'>): void {
  if (!/^[A-Za-z0-9_-]+$/u.test(name)) {
    throw refuse('invalid_name', `session name ${JSON.stringify(name)} may hold letters, digits, "-" and "_" only`);
  }
  if (!isFolder(resolve(cwd))) {
    throw refuse('cwd_missing', `the folder ${cwd} does not exist; make it, or give another --cwd`);
  }
}

export async function startSession(ports: StartPorts, request: StartRequest): Promise<StartedSession> {
  const { cwd, binary } = await checkBeforeStart(ports, request);
  const tmuxSession = request.tmuxSession ?? tmuxSessionOf(request.name);
  const environment: Readonly<Record<string, string>> & { readonly PATH: string } = {
    ...request.environment,
    PATH: request.environment.PATH ?? process.env.PATH ?? '',
  };
  const codexHome = environment.CODEX_HOME ?? process.env.CODEX_HOME ?? join(homedir(), '.codex');
  // The person's own arguments may say how it does without an account.
  const mayAskAccount = (request.extraArguments ?? []).length === 0;
  const account = { codexHome, cwd, environment: { ...process.env, ...environment } };
  if (mayAskAccount && (await isSignedOut(ports.runner, binary, account))) throw signedOut(binary, codexHome);
  const plan = planLaunch(binary.version, {
    sandbox: request.sandbox,
    approval: request.approval,
    stateRoot: request.stateRoot,
    toolPath: request.setsToolPath ? environment.PATH : null,
    extra: [...(request.extraArguments ?? []), ...(request.resumes === undefined ? [] : ['resume', request.resumes])],
  });
  const inherited = new Set([...Object.keys(process.env), ...(await ports.tmux.environmentNames())]);
  const notBefore = ports.clock.now();
  const pane = await ports.tmux.newSession({
    name: tmuxSession,
    cwd,
    argv: [binary.path, ...plan.argv],
    environment,
    unset: [...inherited].filter((name) => plan.isForeignVariable(name) && environment[name] === undefined).sort(),
    keepWhenDead: true,
    ...(request.width === undefined ? {} : { width: request.width }),
    ...(request.height === undefined ? {} : { height: request.height }),
  });
  const start: Start = { ports, request, binary, plan, cwd, codexHome, tmuxSession, paneId: pane.paneId, notBefore };
  const started = await waitUntilReady(start);
  await ports.tmux.keepDeadPane(pane.paneId, false);
  return started;
}

/**
 * Where the session's rollout is by now; null while Codex has not made the file. By the thread where it is known, else
 * by what the process holds open: from 0.81 to 0.146 only the first message tells.
 */
export function locateRollout(host: HostFacts, started: StartedSession): string | null {
  if (started.codexSessionPath !== null) return started.codexSessionPath;
  if (started.codexSessionId !== null) return findRolloutOfThread(started.codexHome, started.codexSessionId);
  return discoverThread(host, { rootPid: started.pid, notBefore: null }, '')?.rolloutPath ?? null;
}

interface Start {
  readonly ports: StartPorts;
  readonly request: StartRequest;
  readonly binary: CodexBinary;
  readonly plan: LaunchPlan;
  readonly cwd: string;
  readonly codexHome: string;
  readonly tmuxSession: string;
  readonly paneId: string;
  readonly notBefore: number;
}

async function checkBeforeStart(
  ports: StartPorts,
  request: StartRequest,
): Promise<{ readonly cwd: string; readonly binary: CodexBinary }> {
  checkPlace(request);
  const cwd = resolve(request.cwd);
  const tmuxSession = request.tmuxSession ?? tmuxSessionOf(request.name);
  if (await ports.tmux.hasSession(tmuxSession)) {
    const kill = `${ports.tmux.prefix.join(' ')} kill-session -t =${tmuxSession}`;
    throw refuse(
      'tmux_exists',
      `tmux session '${tmuxSession}' already exists; take another name, or remove it with "${kill}"`,
    );
  }
  const path = request.environment.PATH ?? process.env.PATH;
  return { cwd, binary: await askCodexVersion(ports.runner, { path, fallback: request.fallbackCodex }) };
}

/** Polls until the thread is known and the composer is there to stay. */
async function waitUntilReady(start: Start): Promise<StartedSession> {
  const { clock } = start.ports;
  const deadline = clock.monotonic() + start.request.timeoutSeconds * 1000;
  let mayAnswerTrust = start.request.acceptTrust;
  let signInLooks = 0;
  let still = { screen: '', since: clock.monotonic() };
  for (;;) {
    const snapshot = await look(start);
    const now = clock.monotonic();
    if (snapshot.styled !== still.screen) still = { screen: snapshot.styled, since: now };
    const isStill = now - still.since >= STILL_MILLISECONDS;
    const thread = threadIn(start, snapshot);
    // Its picture moves for ten seconds: the screen around the question is not waited for.
    signInLooks = readScreen(snapshot).dialog?.class === 'sign_in' ? signInLooks + 1 : 0;
    if (signInLooks > STILL_MILLISECONDS / POLL_MILLISECONDS) {
      await start.ports.tmux.killSession(start.tmuxSession);
      throw signedOut(start.binary, start.codexHome);
    }
    if (isStill && mayAnswerTrust && isTrustQuestion(snapshot)) {
      mayAnswerTrust = false;
      await start.ports.input.pressKey(start.paneId, 'Enter');
    } else if (isStill && isReady(start, snapshot, thread)) {
      const codex = findCodexProcess(start.ports.host, snapshot.pane);
      if (codex.kind === 'codex') return describe(start, thread, codex);
    }
    if (now >= deadline) throw timedOut({ ...start, tmuxPrefix: start.ports.tmux.prefix, thread, snapshot });
    await clock.sleep(POLL_MILLISECONDS);
  }
}

const LAST_WORDS_LOOKS = 8;

/** tmux can know that a program has ended before it has read all that it said. */
async function lastWords({ ports, paneId }: Start, snapshot: PaneSnapshot): Promise<readonly string[]> {
  for (let looks = 1; ; looks += 1) {
    // tmux scrolls the screen to write that the pane is dead.
    const styled = await ports.tmux.capture(paneId, { historyLines: 60, isJoined: true });
    const said = visibleRows({ ...snapshot, styled }, 12).filter((row) => !row.startsWith('Pane is dead'));
    if (said.length > 0 || looks >= LAST_WORDS_LOOKS) return said;
    await ports.clock.sleep(POLL_MILLISECONDS);
  }
}

/** The screen; or, when Codex is gone already, the refusal with what it said last. */
async function look(start: Start): Promise<PaneSnapshot> {
  const { tmux } = start.ports;
  let last: readonly string[] = [];
  try {
    const snapshot = await tmux.snapshot(start.paneId);
    if (!snapshot.pane.isDead) return snapshot;
    last = await lastWords(start, snapshot);
    // The status comes a moment after the end, too.
    const { exitStatus } = (await tmux.snapshot(start.paneId)).pane;
    await tmux.killSession(start.tmuxSession);
    throw exitedEarly(start.tmuxSession, start.binary, exitStatus, last);
  } catch (error) {
    if (!ConveyorError.is(error, 'tmux_not_running')) throw error;
    throw exitedEarly(start.tmuxSession, start.binary, null, last);
  }
}

function threadIn(start: Start, { pane }: PaneSnapshot): ThreadCandidate | null {
  const { resumes } = start.request;
  if (resumes !== undefined) {
    const taken = findThread(start.ports.host, pane.pid, resumes, pane.title);
    if (taken?.strategy === 'pane_title' && start.plan.threadShowsBy !== 'pane_title') return null; // more is coming
    return taken === null ? null : { ...taken, threadId: resumes };
  }
  const scope = { rootPid: pane.pid, notBefore: start.notBefore };
  const found = discoverThread(start.ports.host, scope, pane.title);
  if (found?.strategy === 'pane_title' && start.plan.threadShowsBy !== 'pane_title') return null; // more is coming
  if (found === null || found.rolloutPath !== null) return found;
  return { ...found, rolloutPath: findRolloutOfThread(start.codexHome, found.threadId) };
}

function isReady({ plan, request }: Start, snapshot: PaneSnapshot, thread: ThreadCandidate | null): boolean {
  if (thread === null && (plan.threadShowsBy !== 'nothing' || request.resumes !== undefined)) return false;
  const screen = readScreen(snapshot);
  if (screen.class === 'starting' || screen.dialog !== null) return false;
  return readComposer(snapshot).kind === 'composer' && !isTrustQuestion(snapshot);
}

function describe(
  start: Start,
  thread: ThreadCandidate | null,
  codex: { readonly pid: number; readonly startTime: string | null },
): StartedSession {
  return {
    tmuxSession: start.tmuxSession,
    paneId: start.paneId,
    pid: codex.pid,
    startTime: codex.startTime,
    // The title cuts the id short: good enough to know that Codex is up, not to register.
    codexSessionId: start.request.resumes ?? (thread?.strategy === 'pane_title' ? null : (thread?.threadId ?? null)),
    codexSessionPath: thread?.rolloutPath ?? null,
    codexHome: start.codexHome,
    cwd: start.cwd,
    version: start.binary.version,
    discovery:
      thread === null ? null : { strategy: thread.strategy, confidence: thread.confidence, reason: thread.reason },
  };
}
