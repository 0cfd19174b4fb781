import { dirname, join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { newIdentifier } from '../domain/identifiers.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { requireTask, type Task } from '../ledger/taskStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import { archiveOf, refuseForeign, writeBundle } from '../record/exportBundle.ts';
import { exportInThread } from '../record/exportInThread.ts';
import { flag, type InputOf, optionalText, positional } from './argument.ts';
import { contentFlags } from './contentClasses.ts';
import { givenText } from './givenText.ts';
import { defineOperation } from './operation.ts';
import { expandHome, type OperationContext } from './operationContext.ts';

const inputs = {
  task: positional('name or id of the task', 'TASK'),
  output: optionalText('folder to write to; below the ledger when left out', { placeholder: 'FOLDER' }),
  zip: flag('also pack it, beside the folder'),
  includeTranscripts: flag('with the text of the transcript segments'),
  includeFullTranscripts: flag('the same, and as one text for each side'),
  ...contentFlags,
};

/** The papers of a task in a folder, to be shown to others: without content unless it is asked for (AT-3). */
export const exportTask = defineOperation({
  name: 'export-task',
  summary: 'Write everything on record about a task to a folder, and to an archive.',
  effect: 'writes',
  inputs,
  output: () => z.object({ archive: z.nullable(z.string()), export_dir: z.string(), task: z.string() }),
  run: async (context, input) => {
    const { ledger, clock, signal } = context;
    const task = requireTask(ledger, input.task);
    const folder = folderOf(context, input.output, task);
    refuseForeign(folder, task.id, input.zip);
    const exportId = newIdentifier('export');
    note(context, task, { exportId, type: 'task_export_started', facts: asked(input, folder) });
    const { zip: withArchive, includeContent, raw, includeTranscripts, includeFullTranscripts } = input;
    const order = {
      ledgerFile: ledger.file,
      taskId: task.id,
      request: { includeContent, raw, includeTranscripts, includeFullTranscripts },
      createdAt: formatTimestamp(clock.now()),
      withArchive,
    };
    try {
      const written = await writeBundle(folder, withArchive, (stage) => exportInThread({ ...order, stage }, signal));
      note(context, task, {
        exportId,
        type: 'task_exported',
        facts: { ...asked(input, folder), files: written.length },
      });
    } catch (error) {
      const refusal = asRefusal(error, folder);
      note(context, task, { exportId, type: 'task_export_failed', facts: { error: refusal.message } });
      throw refusal;
    }
    return { archive: withArchive ? archiveOf(folder) : null, export_dir: folder, task: task.name };
  },
});

/** Beside the ledger in use, not beside another one (AT-9). */
function folderOf({ cwd, variables, ledgerFile }: OperationContext, output: string | null, task: Task): string {
  const given = givenText(output);
  if (given !== null) return resolve(cwd, expandHome(given, variables));
  return join(dirname(ledgerFile), 'artifacts', 'tasks', task.id, 'export');
}

function asked(input: InputOf<typeof inputs>, folder: string) {
  return {
    export_dir: folder,
    include_content: input.includeContent,
    include_transcripts: input.includeTranscripts || input.includeFullTranscripts,
    include_full_transcripts: input.includeFullTranscripts,
    zip: input.zip,
  };
}

interface Note {
  readonly exportId: string;
  readonly type: 'task_export_started' | 'task_exported' | 'task_export_failed';
  readonly facts: object;
}

/** Who took what out, and when, is on record (AT-9). */
function note({ ledger, clock }: OperationContext, task: Task, { exportId, type, facts }: Note): void {
  const now = clock.now();
  const payload = { ...facts, export_id: exportId };
  ledger.write(() => {
    recordEvent(ledger, { type, taskId: task.id, correlationId: exportId, payload }, now);
    if (type === 'task_export_started') return;
    recordTelemetry(
      ledger,
      {
        type,
        summary: type === 'task_exported' ? 'Task exported.' : 'Export of the task failed.',
        severity: type === 'task_exported' ? 'info' : 'error',
        taskId: task.id,
        correlation: { export_id: exportId },
        attributes: payload,
      },
      now,
    );
  });
}

/** What goes wrong with the folder is for the person to mend; anything else is ours. */
function asRefusal(error: unknown, folder: string): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^E[A-Z]+$/.test(code)) {
    return refuse(
      'export_failed',
      `cannot write the export to ${folder} (${code}); give another folder with --output`,
      {
        cause: error,
      },
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
