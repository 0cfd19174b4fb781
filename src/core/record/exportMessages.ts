import * as z from 'zod/mini';
import { type ErrorCode, errorCodes, refuse } from '../domain/errors.ts';

// What is said between who wants an export and the thread that makes it.

export const exportThreadOrder = z.object({
  ledgerFile: z.string(),
  taskId: z.string(),
  request: z.object({
    includeContent: z.boolean(),
    raw: z.boolean(),
    includeTranscripts: z.boolean(),
    includeFullTranscripts: z.boolean(),
  }),
  createdAt: z.string(),
  stage: z.string(),
  withArchive: z.boolean(),
});
export type ExportThreadOrder = z.infer<typeof exportThreadOrder>;

/** `code`: of a refusal, or of the system when it refused. */
const trouble = z.object({ code: z.nullable(z.string()), message: z.string(), stack: z.optional(z.string()) });
export const exportOutcome = z.union([z.object({ names: z.array(z.string()) }), trouble]);
export type ExportOutcome = z.infer<typeof exportOutcome>;

/** An error, as a message can carry it: classes and codes don't survive the way. */
export function asOutcome(error: unknown): ExportOutcome {
  if (!(error instanceof Error)) return { code: null, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return { code, message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
}

/** The names of what was made. Throws what the thread threw. */
export function namesIn(outcome: ExportOutcome): readonly string[] {
  if ('names' in outcome) return outcome.names;
  const { code, message, stack } = outcome;
  if (isErrorCode(code)) throw refuse(code, message);
  throw Object.assign(new Error(message), code === null ? {} : { code }, stack === undefined ? {} : { stack });
}

function isErrorCode(code: string | null): code is ErrorCode {
  return code !== null && Object.hasOwn(errorCodes, code);
}
