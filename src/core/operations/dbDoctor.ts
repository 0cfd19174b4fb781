import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Connection } from '../ledger/connection.ts';
import { diagnoseLedger, type LedgerCheck, type LedgerDiagnosis } from '../ledger/diagnose.ts';
import { isUpToDate } from '../ledger/migrate.ts';
import { openLedger, openLedgerReadOnly } from '../ledger/openLedger.ts';
import { repairLedger } from '../ledger/repair.ts';
import { checkLive, type LiveCheck } from '../supervise/liveCheck.ts';
import { flag, integerWithDefault } from './argument.ts';
import { livenessFrom } from './liveness.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { tmuxAtOf } from './panes.ts';

interface DoctorAnswer extends LedgerDiagnosis {
  /** False: nothing is there yet, and the checks are those of a new ledger. */
  readonly exists: boolean;
  readonly live_reconcile?: LiveCheck;
  readonly repaired?: readonly string[];
  /** What to do about a ledger that is not sound. */
  readonly remedy?: string;
}

const remedy =
  'mend it with "db-doctor --repair"; what stays broken then needs a copy of the ledger from before it broke';

/** Says whether the ledger is sound and fit to be shared with agent-conveyor 0.1.0. Changes nothing unless asked to (AT-15). */
export const dbDoctor = defineOperation({
  name: 'db-doctor',
  summary: 'Check the ledger, and what runs against it; mend it when asked.',
  effect: 'writes',
  inputs: {
    live: flag('also compare the sessions of each task with what runs'),
    managerStaleSeconds: integerWithDefault('with --live: how long a manager may be silent', 600, {
      placeholder: 'SECONDS',
    }),
    repair: flag('bring the ledger up to date and make what is missing in it'),
  },
  output: (): z.ZodMiniType<DoctorAnswer> =>
    z.custom<DoctorAnswer>((value) => diagnosisShape().safeParse(value).success),
  run: async (context, input): Promise<DoctorAnswer> => {
    const repaired = input.repair ? mend(context) : {};
    return withDiagnosed(context, async (ledger, diagnosis) => {
      const answer = {
        ...diagnosis,
        ...repaired,
        ...(diagnosis.ok ? {} : { remedy }),
        path: context.ledgerFile,
        exists: existsSync(context.ledgerFile),
      };
      if (!input.live) return answer;
      const live = await withReadable(context, ledger, (readable) =>
        lookAround(context, readable, input.managerStaleSeconds),
      );
      const checks = [...diagnosis.checks, liveCheck(live)];
      return { ...answer, checks, ok: diagnosis.ok && live.ok, live_reconcile: live };
    });
  },
  exitStatus: ({ ok }) => (ok ? 0 : 1),
});

const diagnosisShape = () =>
  z.looseObject({
    ok: z.boolean(),
    path: z.string(),
    schema_version: z.nullable(z.number()),
    user_version: z.number(),
    checks: z.array(z.looseObject({ name: z.string(), ok: z.boolean() })),
  });

function mend({ ledgerFile, clock }: OperationContext): { readonly repaired: readonly string[] } {
  const { connection } = openLedger(ledgerFile, clock.now());
  try {
    return { repaired: repairLedger(connection, clock.now()).repaired };
  } finally {
    connection.close();
  }
}

/** Of a ledger that is not there, a new one elsewhere tells whether one could be made; it is thrown away. */
async function withDiagnosed<Answer>(
  { ledgerFile, clock }: OperationContext,
  work: (ledger: Connection, diagnosis: LedgerDiagnosis) => Promise<Answer>,
): Promise<Answer> {
  const diagnosed = (ledger: Connection) => work(ledger, diagnoseLedger(ledger));
  if (existsSync(ledgerFile)) return closing(openLedgerReadOnly(ledgerFile), diagnosed);
  return inScratch((file) => closing(openLedger(file, clock.now()).connection, diagnosed));
}

/** A ledger that is not up to date lacks tables: a copy of it is brought up to date and thrown away. */
function withReadable<Answer>(
  { clock }: OperationContext,
  ledger: Connection,
  work: (readable: Connection) => Promise<Answer>,
): Promise<Answer> {
  if (isUpToDate(ledger)) return work(ledger);
  return inScratch((file) => {
    ledger.run('VACUUM INTO ?', [file]);
    return closing(openLedger(file, clock.now()).connection, work);
  });
}

async function closing<Answer>(ledger: Connection, work: (ledger: Connection) => Promise<Answer>): Promise<Answer> {
  try {
    return await work(ledger);
  } finally {
    ledger.close();
  }
}

async function inScratch<Answer>(work: (file: string) => Promise<Answer>): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-db-doctor-'));
  try {
    return await work(join(folder, 'workerctl.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lookAround(context: OperationContext, ledger: Connection, managerStaleSeconds: number): Promise<LiveCheck> {
  const { host, clock, variables, surface } = context;
  return checkLive({
    ledger,
    isAlive: livenessFrom({ ledger, host, clock, variables, surface }),
    tmuxOn: tmuxAtOf(context),
    managerStaleSeconds,
    now: clock.now(),
  });
}

function liveCheck({ ok, results, manager_liveness_warnings: warnings }: LiveCheck): LedgerCheck {
  return {
    name: 'live_reconcile',
    ok,
    task_count: results.length,
    drift_count: results.reduce((sum, { drift }) => sum + drift.length, 0),
    unfinished_command_count: results.reduce((sum, { unfinished_commands: list }) => sum + list.length, 0),
    manager_liveness_warning_count: warnings.length,
  };
}
