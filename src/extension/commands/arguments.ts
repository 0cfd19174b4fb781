import * as z from 'zod/mini';

const optionalText = z.optional(z.string());

/**
 * What a command may be called with: a tree row (its target is taken), or a plain object of the same shape from a key
 * binding or another extension. Missing parts are asked for.
 */
const commandArgument = z.object({
  folder: optionalText,
  task: optionalText,
  session: optionalText,
  criterion: z.optional(z.int()),
  /** Number of an option of a question on a session's screen. */
  option: z.optional(z.int()),
  /** Fingerprint of the question that was read: another is never answered unseen. */
  question: optionalText,
  /** Texts that a prompt would ask for. */
  text: optionalText,
  goal: optionalText,
  worker: optionalText,
  manager: optionalText,
  tmuxSession: optionalText,
  /** Rollout file or thread id of a session that is registered. */
  codexSession: optionalText,
  role: z.optional(z.enum(['worker', 'manager'])),
  /** Skips the question whether it is the right one. */
  confirmed: z.optional(z.boolean()),
  stop: z.optional(z.enum(['none', 'worker', 'both'])),
});
export type CommandArgument = z.infer<typeof commandArgument>;

/** Anything that doesn't fit counts as no argument: the command then asks. */
export function commandArgumentOf(given: unknown): CommandArgument {
  const target = isRowNode(given) ? given.row.target : given;
  const parsed = commandArgument.safeParse(target ?? {});
  return parsed.success ? parsed.data : {};
}

function isRowNode(given: unknown): given is { row: { target: unknown } } {
  if (typeof given !== 'object' || given === null || !('row' in given)) return false;
  return typeof given.row === 'object' && given.row !== null && 'target' in given.row;
}
