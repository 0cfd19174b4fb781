import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConveyorError, refuse } from '../domain/errors.ts';
import { printedJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { ledgerFileName } from '../ledger/openLedger.ts';
import { stageFiles } from '../loops/stagedFiles.ts';
import type { OperationContext } from './operationContext.ts';
import { expect, QaDrill } from './qaDrill.ts';
import type { QaHarness } from './qaHarness.ts';
import { refuseUsedLedger } from './qaLedger.ts';

interface HarnessRequest {
  readonly harness: QaHarness;
  readonly receiptPath: string;
  /** Null: a temporary one. */
  readonly ledgerFile: string | null;
  readonly discardLedger: boolean;
  readonly dispatcherId: string | null;
}

/**
 * Runs a harness and writes its receipt, whatever comes of it (LQ-7). The number of its checks.
 *
 * Throws what went wrong, with the check and the receipt named; `file_unreadable`, before anything is done, when the
 * receipt has no place. The temporary ledger stays only as long as the receipt names it.
 */
export async function runHarness(outer: OperationContext, request: HarnessRequest): Promise<number> {
  const { harness, receiptPath } = request;
  const slug = randomBytes(4).toString('hex');
  const scratch = mkdtempSync(join(tmpdir(), 'workerctl-qa-run-'));
  const drill = new QaDrill(outer, {
    scenario: harness.scenario,
    slug,
    dispatcherId: request.dispatcherId ?? `qa-run-${slug}`,
    ledgerFile: request.ledgerFile ?? join(scratch, ledgerFileName),
    besides: dirname(receiptPath),
    scratch,
  });
  let keepsScratch = false;
  try {
    // What is left when the drill is killed: not the receipt of an earlier one.
    writeReceipt(drill, request, { failure: unfinished, namesLedger: true });
    const failure = await failureOf(drill, request);
    const keeps = request.ledgerFile === null && !request.discardLedger && failure?.code !== 'interrupted';
    writeReceipt(drill, request, { failure, namesLedger: request.ledgerFile !== null || keeps });
    keepsScratch = keeps;
    if (failure !== null) throw failure.error;
    return drill.checks.length;
  } finally {
    drill.close();
    rmSync(keepsScratch ? join(scratch, 'confirmed') : scratch, { recursive: true, force: true });
  }
}

interface Failure {
  readonly code: string;
  readonly message: string;
  /** What the caller throws. */
  readonly error: unknown;
}

const unfinished: Failure = { code: 'interrupted', message: 'the drill has not ended', error: null };

async function failureOf(
  drill: QaDrill,
  { harness, receiptPath, ledgerFile }: HarnessRequest,
): Promise<Failure | null> {
  try {
    await refuseUsedLedger(drill, { isGiven: ledgerFile !== null });
    await harness.run(drill);
    const reached = drill.checks.map(({ name }) => name).join(', ');
    expect(reached === harness.checks.join(', '), `the checks that ran are not those of the drill: ${reached}`);
    return null;
  } catch (error) {
    if (!ConveyorError.is(error)) return { code: 'internal', message: String(error), error };
    const { code, message } = error;
    const told = `qa-run ${harness.scenario}: ${message}; receipt: ${receiptPath}`;
    return { code, message, error: refuse(code, told, { cause: error }) };
  }
}

interface Outcome {
  readonly failure: Failure | null;
  readonly namesLedger: boolean;
}

function writeReceipt(drill: QaDrill, { harness, receiptPath }: HarnessRequest, { failure, namesLedger }: Outcome) {
  const { artifacts, checks, commands, context, dispatcherId, notes, scenario, tasks } = drill;
  const reached = checks.map(({ name }) => name);
  const receipt = {
    ...notes,
    scenario,
    result: failure === null ? 'passed' : 'failed',
    ...(failure === null ? {} : { failure: { code: failure.code, message: failure.message } }),
    generated_at: formatTimestamp(context.clock.now()),
    receipt_path: receiptPath,
    dispatcher_id: dispatcherId,
    artifacts: { ...artifacts, db_path: namesLedger ? context.ledgerFile : null },
    checks,
    checks_not_reached: harness.checks.filter((name) => !reached.includes(name)),
    generated_tasks: tasks,
    replay_commands: commands,
  };
  stageFiles([{ path: receiptPath, bytes: `${printedJson(receipt)}\n`, mode: 0o600 }]).publish();
}
