import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { parseInput } from '../../../src/core/operations/argument.ts';
import { type ContextOptions, HostedContext } from '../../../src/core/operations/operationContext.ts';
import { qaRun } from '../../../src/core/operations/qaRun.ts';
import { systemProcessRunner } from '../../../src/core/ports/processRunner.ts';

const receiptSchema = z.looseObject({
  scenario: z.string(),
  result: z.enum(['passed', 'failed']),
  receipt_path: z.string(),
  generated_at: z.string(),
  failure: z.optional(z.object({ code: z.string(), message: z.string() })),
  artifacts: z.catchall(z.object({ db_path: z.nullable(z.string()) }), z.string()),
  checks: z.array(z.looseObject({ name: z.string(), status: z.string(), dispatch: z.optional(z.looseObject({})) })),
  checks_not_reached: z.array(z.string()),
  generated_tasks: z.array(z.looseObject({ suffix: z.string(), task_name: z.string() })),
  replay_commands: z.array(z.string()),
});
type Receipt = z.infer<typeof receiptSchema>;

export interface QaFixture {
  readonly folder: string;
  readonly receiptPath: string;
  run(given: object, options?: Partial<ContextOptions>): Promise<unknown>;
  receipt(): Receipt;
  /** Folders that drills left in the folder for temporary files. */
  leftovers(): readonly string[];
  dispose(): void;
}

/** `qa-run` with real processes and a folder of its own for everything, temporary files included. */
export function qaFixture(): QaFixture {
  const usual = process.env.TMPDIR;
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-qa-'));
  const temporary = mkdtempSync(join(folder, 'tmp-'));
  process.env.TMPDIR = temporary;
  const receiptPath = join(folder, 'deep', 'receipt.json');
  const cli = fileURLToPath(new URL('../../../src/cli/entry.ts', import.meta.url));
  return {
    folder,
    receiptPath,
    async run(given, options = {}) {
      const context = new HostedContext({
        surface: 'cli',
        cwd: folder,
        processes: systemProcessRunner,
        runtime: { executable: process.execPath, isElectron: false, cli },
        ...options,
        variables: { PATH: process.env.PATH, HOME: folder, ...options.variables },
      });
      try {
        return await qaRun.run(context, parseInput(qaRun.inputs, { receiptOutput: receiptPath, ...given }));
      } finally {
        context.close();
      }
    },
    receipt: () => receiptSchema.parse(JSON.parse(readFileSync(receiptPath, 'utf8'))),
    leftovers: () => readdirSync(temporary),
    dispose() {
      if (usual === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = usual;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
