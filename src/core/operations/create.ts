import * as z from 'zod/mini';
import { newIdentifier } from '../domain/identifiers.ts';
import { ConveyorError, refuse } from '../domain/errors.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findNewestStatus, insertStatus, upsertWorker } from '../ledger/legacyWorkerStore.ts';
import { findSession, markSessionGone } from '../ledger/sessionStore.ts';
import { selfTestTask, workerContract } from '../supervise/legacyContract.ts';
import { checkWorkerName, WorkerFolder, type WorkerStatus } from '../supervise/legacyFolder.ts';
import {
  type Argument,
  choiceWithDefault,
  flag,
  integerWithDefault,
  type InputOf,
  optionalText,
  positional,
} from './argument.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { open as openTerminal, refuseUnopenable, terminals } from './openTerminal.ts';
import { tmuxOf } from './panes.ts';
import { checkStart, launchCodex, type LaunchedCodex, promptCodex } from './startCodex.ts';
import { stop } from './stop.ts';
import { factsOf } from './workerFolders.ts';

const seconds = { placeholder: 'SECONDS' };
const common = {
  cwd: optionalText('folder to run in; the current one when left out', { placeholder: 'FOLDER' }),
  reuse: flag('go on with a worker that is there already'),
  acceptTrust: flag('answer the trust question with yes, once, when it is recognised'),
  waitReadyTimeout: integerWithDefault('how long Codex may take to come up', 30, seconds),
  verifyTimeout: integerWithDefault('how long the worker may take to report', 60, seconds),
  open: flag('show its terminal, as "open" does'),
  forceOpen: flag('the same for one that was opened already'),
  terminal: choiceWithDefault('where to show it', terminals, 'auto'),
  stopAfter: flag('close its terminal again at the end'),
};
const createInputs = {
  name: positional('name of the worker; tmux calls it codex-NAME', 'NAME'),
  task: optionalText('what it is to do; it waits for a manager when left out', { placeholder: 'TEXT' }),
  ...common,
  noInitialPrompt: flag('start it without its contract', { aliases: ['no-send-contract'] }),
  waitReady: flag('wait until it is ready; it is always waited for'),
  verify: flag('wait until it has reported'),
};

const output = () =>
  z.object({
    name: z.string(),
    tmux_session: z.string(),
    state_dir: z.string(),
    session_id: z.string(),
    contract_sent: z.boolean(),
    startup: z.string(),
    verified: z.nullable(z.boolean()),
    stopped: z.boolean(),
    attach_command: z.string(),
  });
type Created = z.infer<ReturnType<typeof output>>;

/** Starts a worker of the first generation: a folder with a contract and a status, and a registered session too. */
export const create = defineOperation({
  name: 'create',
  summary: 'Start a worker that is kept in a folder and reports with update-status.',
  effect: 'acts',
  inputs: createInputs,
  output,
  run: (context, input) => namingTools(() => createWorker(context, input)),
  text: createdText,
});

/** Proves that a worker can be started and reports. */
export const startTest = defineOperation({
  name: 'start-test',
  summary: 'Start a worker that only reads and reports, to see that it works.',
  effect: 'acts',
  inputs: { name: optionalName('live-test'), ...common },
  output,
  run: (context, input) =>
    namingTools(() =>
      createWorker(context, { ...input, task: selfTestTask, noInitialPrompt: false, waitReady: true, verify: true }),
    ),
  text: createdText,
});

function optionalName(fallback: string): Argument<string> {
  return { ...positional(`name of the worker; ${fallback} when left out`, 'NAME'), required: false, fallback };
}

/** Scripts know a missing tool by these words, whichever it is. */
async function namingTools<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!ConveyorError.is(error, 'tmux_missing') && !ConveyorError.is(error, 'codex_missing')) throw error;
    const tool = error.code === 'tmux_missing' ? 'tmux' : 'codex';
    throw refuse(error.code, `Required tool not found on PATH: ${tool}: ${error.message}`, { cause: error });
  }
}

async function createWorker(context: OperationContext, input: InputOf<typeof createInputs>): Promise<Created> {
  const { name } = input;
  const folder = new WorkerFolder(context.stateRoot, name);
  await checkCreate(context, folder, input);
  // Nothing is written before Codex runs: what failed to start leaves nothing in the way of the next try (AT-22).
  const launched = await launchCodex(context, {
    role: 'worker',
    name,
    cwd: input.cwd,
    sandbox: 'danger-full-access',
    askForApproval: 'never',
    acceptTrust: input.acceptTrust,
    timeoutSeconds: input.waitReadyTimeout,
  });
  const contract = recordWorker(context, folder, launched, input.task);
  if (!input.noInitialPrompt) await promptCodex(context, launched, contract);
  const verified = input.verify ? await reports(context, folder, input.verifyTimeout) : null;
  if (verified !== null) folder.appendEvent('verify', { ok: verified }, context.clock.now());
  if (input.open || input.forceOpen) await show(context, input);
  if (input.stopAfter) await stop.run(context, { name, message: null, json: true });
  return {
    name,
    tmux_session: folder.tmuxSession,
    state_dir: folder.path,
    session_id: launched.output.session_id,
    contract_sent: !input.noInitialPrompt,
    startup: 'ready',
    verified,
    stopped: input.stopAfter,
    attach_command: [...tmuxOf(context).prefix, 'attach', '-t', `=${folder.tmuxSession}`].map(quoteForShell).join(' '),
  };
}

/** It runs by now: that nobody sees it is worth a line, and no failure. */
async function show(
  context: OperationContext,
  { name, forceOpen, terminal }: InputOf<typeof createInputs>,
): Promise<void> {
  try {
    await openTerminal.run(context, { name, terminal, force: forceOpen, dryRun: false });
  } catch (error) {
    if (!ConveyorError.is(error)) throw error;
    context.warn(error.message);
  }
}

async function checkCreate(
  context: OperationContext,
  folder: WorkerFolder,
  { open, forceOpen, terminal, stopAfter, reuse, cwd }: InputOf<typeof createInputs>,
): Promise<void> {
  const { name } = folder;
  checkWorkerName(name);
  if (open && stopAfter) throw refuse('invalid_value', '--open makes no sense with --stop-after');
  if (open || forceOpen) refuseUnopenable(context, terminal);
  if (folder.exists() && !reuse) {
    throw refuse('session_state', `Worker already exists: ${name}; go on with it by --reuse, or take another name`);
  }
  if (await tmuxOf(context).hasSession(folder.tmuxSession)) {
    throw refuse(
      'tmux_exists',
      `tmux session '${folder.tmuxSession}' already exists; end it with "${context.program} stop ${name}", or take another name`,
    );
  }
  if (reuse) forgetEndedSession(context, folder);
  checkStart(context, { role: 'worker', name, cwd });
}

/** Its terminal is gone, as was just seen; that its session has not been told yet stands in nobody's way. */
function forgetEndedSession({ ledger, clock }: OperationContext, folder: WorkerFolder): void {
  const session = findSession(ledger, folder.name);
  if (session?.state !== 'active' || session.tmux_session !== folder.tmuxSession) return;
  ledger.write(() => markSessionGone(ledger, session.id, clock.now()));
}

/** Folder, ledger and log; returns the contract. */
function recordWorker(
  context: OperationContext,
  folder: WorkerFolder,
  { output: started, started: { paneId }, shim }: LaunchedCodex,
  task: string | null,
): string {
  const { ledger, clock } = context;
  const now = clock.now();
  const identityToken = (folder.exists() ? folder.readConfig().identity_token : null) ?? newIdentifier('workerctl');
  const at = formatTimestamp(now);
  const said = { state: 'waiting', current_task: task, next_action: 'Read the contract.', blocker: null } as const;
  const status: WorkerStatus = { ...said, last_update: at };
  const config = {
    name: folder.name,
    cwd: started.cwd,
    created_at: at,
    identity_token: identityToken,
    session_id: started.session_id,
    startup: 'ready',
    startup_reason: 'Codex waits for input',
    startup_recommended_action: 'none',
    state_dir: folder.path,
    tmux_pane_id: paneId,
    tmux_session: folder.tmuxSession,
    tmux_target: folder.tmuxSession,
  };
  folder.writeConfig(config);
  folder.writeStatus(status);
  const workerId = ledger.write(() => {
    const id = upsertWorker(ledger, factsOf(folder), 'active', now);
    insertStatus(ledger, id, said, now);
    const payload = { name: folder.name, worker_id: id, tmux_session: folder.tmuxSession, cwd: started.cwd };
    recordEvent(ledger, { type: 'worker_create_recorded', payload }, now);
    recordEvent(ledger, { type: 'worker_tmux_started', payload: { ...payload, tmux_pane_id: paneId } }, now);
    return id;
  });
  folder.writeConfig({ ...config, worker_id: workerId });
  const contract = workerContract({
    command: quoteForShell(shim.command),
    name: folder.name,
    task,
    identityToken,
    statusFile: `${folder.path}/status.json`,
  });
  folder.writeContract(contract);
  folder.appendEvent('create', { task, tmux_session: folder.tmuxSession }, now);
  folder.appendEvent('wait_ready', { startup: 'ready' }, now);
  return contract;
}

const pollMilliseconds = 200;

/** Whether the worker has said anything since it was started. */
async function reports(context: OperationContext, folder: WorkerFolder, timeoutSeconds: number): Promise<boolean> {
  const { ledger, clock, signal } = context;
  const initial = findNewestStatus(ledger, folder.name)?.id;
  const initialFile = folder.readStatus();
  const deadline = clock.monotonic() + timeoutSeconds * 1000;
  for (;;) {
    const file = folder.readStatus();
    const hasWritten =
      file !== null && (file.last_update !== initialFile?.last_update || file.state !== initialFile.state);
    if (hasWritten || findNewestStatus(ledger, folder.name)?.id !== initial) return true;
    if (clock.monotonic() >= deadline || signal.aborted) return false;
    await clock.sleep(pollMilliseconds);
  }
}

function createdText(created: Created): string {
  const { name, tmux_session, state_dir, contract_sent, startup, verified, stopped, attach_command } = created;
  return [
    `created ${name}`,
    `tmux session: ${tmux_session}`,
    `state dir: ${state_dir}`,
    `contract: ${contract_sent ? 'sent' : 'not sent'}`,
    `startup: ${startup}`,
    ...(verified === null ? [] : [`verification: ${verified ? 'ok' : 'not verified (no report in time)'}`]),
    ...(stopped ? [`stopped ${name}`] : [`attach: ${attach_command}`, `stop: conveyor stop ${name}`]),
    '',
  ].join('\n');
}
