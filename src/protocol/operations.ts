import * as z from 'zod/mini';

const text = z.string();
const optionalText = z.optional(z.string());
/** `codexSession`: the thread that the person chose, where several came into question. */
const registration = z.object({
  name: text,
  tmuxSession: text,
  pid: z.optional(z.int()),
  cwd: text,
  codexSession: optionalText,
});

/**
 * What the panel asks the engine to do: the name of an operation of core and the input the panel gives it.
 * The supervisor checks each input against its schema, then calls that operation.
 */
export const panelOperations = {
  pair: z.object({ task: text, goal: text, worker: text, manager: text, prompt: text, cwd: text }),
  'register-worker': registration,
  'register-manager': registration,
  tasks: z.object({ create: text, goal: text }),
  bind: z.object({ task: text, worker: text, manager: text }),
  cycle: z.object({ task: text }),
  /** `anyway`: the person has looked at a screen that is not recognised, and wants it sent. */
  'session-nudge': z.object({ name: text, text, anyway: z.optional(z.boolean()) }),
  'session-interrupt': z.object({ name: text, followup: optionalText }),
  /** `expect`: the fingerprint of the question that the person has read. */
  approve: z.object({ name: text, option: z.int(), expect: text }),
  /** For a session whose process has ended. */
  resume: z.object({ name: text }),
  deny: z.object({ name: text, expect: text }),
  /** The person's word that a session and its binding are what the ledger says. */
  confirm: z.object({ name: text }),
  criteria: z.union([
    z.object({
      task: text,
      action: z.literal('add'),
      criterion: text,
      source: z.enum(['user_requested', 'manager_inferred', 'worker_proposed', 'final_audit']),
      status: z.enum(['proposed', 'accepted']),
    }),
    z.object({
      task: text,
      action: z.enum(['accept', 'satisfy', 'defer', 'reject']),
      id: z.int(),
      proof: optionalText,
      rationale: optionalText,
    }),
  ]),
  'finish-task': z.object({ task: text, reason: text, stopWorker: z.boolean(), stopManager: z.boolean() }),
  stop: z.object({ name: text }),
  /** The person has seen what a session had to say. */
  'mark-read': z.object({ name: text }),
  /** Codex's own hooks. `expect`: the digest of the changes that the person has seen. */
  'install-hooks': z.object({ dryRun: z.boolean(), remove: z.boolean(), expect: optionalText }),
  doctor: z.object({}),
} as const;

export type PanelOperation = keyof typeof panelOperations;
export type PanelOperationInput<Name extends PanelOperation> = z.infer<(typeof panelOperations)[Name]>;

/** A thread that a running Codex may have. */
export const threadChoice = z.object({ threadId: text, rolloutPath: z.nullable(text), reason: text });
export type ThreadChoice = z.infer<typeof threadChoice>;

/** A refusal: the closed error code of core, one clear sentence, and what to do about it where that isn't in it. */
export const operationFailure = z.object({
  ok: z.literal(false),
  error: z.object({
    code: text,
    message: text,
    remedy: z.nullable(text),
    /** What stood in the way of a message, in a closed word. */
    reason: z.optional(text),
    /** What the person may choose from, where that is why it was refused. */
    choices: z.optional(z.array(threadChoice)),
  }),
});

/** `output` is the operation's output as its command line verb prints it. */
export const operationResult = z.union([z.object({ ok: z.literal(true), output: z.json() }), operationFailure]);
export type OperationResult = z.infer<typeof operationResult>;
