import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { printedJson } from '../domain/json.ts';
import { type QaPlanName, qaPlanNames } from './qaPlans.ts';
import { stageFiles } from './stagedFiles.ts';

export const stepResults = ['passed', 'failed', 'skipped'] as const;
type StepResult = (typeof stepResults)[number];

/** How far somebody got with a plan, in a file of theirs. */
export interface PlanReceipt {
  readonly plan: QaPlanName;
  readonly names: { readonly task: string; readonly worker: string; readonly manager: string };
  readonly started_at: string;
  readonly updated_at: string;
  /** By step; of several for one step the last one stays. */
  readonly results: readonly {
    readonly step: number;
    readonly result: StepResult;
    readonly note: string | null;
    readonly at: string;
  }[];
}

const schema: z.ZodMiniType<PlanReceipt> = z.object({
  plan: z.enum(qaPlanNames),
  names: z.object({ task: z.string(), worker: z.string(), manager: z.string() }),
  started_at: z.string(),
  updated_at: z.string(),
  results: z.array(
    z.object({ step: z.int(), result: z.enum(stepResults), note: z.nullable(z.string()), at: z.string() }),
  ),
});

/** Null when there is no such file. Throws `file_unreadable` for one that is no receipt of a plan: it stays as it is. */
export function readPlanReceipt(path: string): PlanReceipt | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    if (code === 'ENOENT') return null;
    throw refuse('file_unreadable', `cannot read ${path} (${code})`, { cause: error });
  }
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) throw refuse('file_unreadable', `${path} is no receipt of a QA plan; name another file`);
  return parsed.data;
}

export function writePlanReceipt(path: string, receipt: PlanReceipt): void {
  stageFiles([{ path, bytes: `${printedJson(receipt)}\n`, mode: 0o600 }]).publish();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
