/**
 * What Codex asked the scripted model, parsed once: the tools it offers, what people wrote, what its tools answered.
 * The items of a conversation come oldest first; nothing outside the HTTP request is looked at.
 */
import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod/mini';

export interface ToolOutput {
  readonly callId: string;
  readonly tool: string;
  /** The text of the output as Codex gave it to the model. */
  readonly text: string;
}

export interface ModelRequest {
  readonly threadId: string | null;
  /** Names of the function tools on offer. */
  readonly tools: readonly string[];
  /** Messages of role user that a person (or a prompt) wrote, without the context blocks that Codex adds. */
  readonly userTexts: readonly string[];
  readonly lastUserText: string;
  /** Outputs of tools since the last user message, oldest first. */
  readonly newToolOutputs: readonly ToolOutput[];
  /** All outputs of tools in the conversation, oldest first. */
  readonly toolOutputs: readonly ToolOutput[];
  /** True for the hidden side request with which Codex names a thread. */
  readonly isTitleRequest: boolean;
  /** True when this request asks for a summary of the conversation (`/compact`). */
  readonly isCompactRequest: boolean;
}

const contentPart = z.looseObject({ type: z.string(), text: z.optional(z.string()) });
const item = z.looseObject({
  type: z.optional(z.string()),
  role: z.optional(z.string()),
  content: z.optional(z.union([z.string(), z.array(contentPart)])),
  call_id: z.optional(z.string()),
  name: z.optional(z.string()),
  output: z.optional(z.unknown()),
});
const requestBody = z.looseObject({
  instructions: z.optional(z.nullable(z.string())),
  input: z.optional(z.array(item)),
  tools: z.optional(z.array(z.looseObject({ type: z.string(), name: z.optional(z.string()) }))),
});
type Item = z.infer<typeof item>;

/** Texts of role user that Codex itself writes into a conversation begin with one of these. */
const CONTEXT_OPENINGS = [
  '<environment_context>',
  '<user_instructions>',
  '# AGENTS.md',
  '<turn_aborted>',
  '<permissions',
];

export function parseModelRequest(body: string, headers: IncomingHttpHeaders): ModelRequest {
  const parsed = requestBody.parse(JSON.parse(body));
  const items = parsed.input ?? [];
  const userTexts: string[] = [];
  const toolOutputs: ToolOutput[] = [];
  let outputsBeforeLastUser = 0;
  const toolOfCall = new Map<string, string>();
  for (const entry of items) {
    if (entry.type === 'function_call' && entry.call_id !== undefined) {
      toolOfCall.set(entry.call_id, entry.name ?? '');
    } else if (entry.type === 'function_call_output' && entry.call_id !== undefined) {
      const tool = toolOfCall.get(entry.call_id) ?? '';
      toolOutputs.push({ callId: entry.call_id, tool, text: outputText(entry.output) });
    } else if (isWrittenByUser(entry)) {
      userTexts.push(messageText(entry));
      outputsBeforeLastUser = toolOutputs.length;
    }
  }
  const lastUserText = userTexts.at(-1) ?? '';
  const threadId = headers['thread-id'] ?? headers['session-id'] ?? headers['session_id'];
  return {
    threadId: typeof threadId === 'string' ? threadId : null,
    tools: (parsed.tools ?? []).flatMap((tool) => (tool.name === undefined ? [] : [tool.name])),
    userTexts,
    lastUserText,
    newToolOutputs: toolOutputs.slice(outputsBeforeLastUser),
    toolOutputs,
    isTitleRequest: /task title|short title/i.test(lastUserText.slice(0, 400)) && (parsed.tools ?? []).length === 0,
    isCompactRequest: /CONTEXT CHECKPOINT COMPACTION|handoff summary|^Start Summarization$/i.test(lastUserText),
  };
}

function isWrittenByUser(entry: Item): boolean {
  if (entry.role !== 'user' || (entry.type ?? 'message') !== 'message') return false;
  const text = messageText(entry).trimStart();
  return !CONTEXT_OPENINGS.some((opening) => text.startsWith(opening));
}

function messageText(entry: Item): string {
  if (typeof entry.content === 'string') return entry.content;
  return (entry.content ?? []).map((part) => part.text ?? '').join('');
}

function outputText(output: unknown): string {
  if (typeof output === 'string') return shellText(output);
  const parts = z.array(contentPart).safeParse(output);
  if (parts.success) return parts.data.map((part) => part.text ?? '').join('');
  return JSON.stringify(output) ?? '';
}

/** Up to 0.80 the output of a command comes as JSON in a text. */
function shellText(output: string): string {
  if (!output.startsWith('{"output":')) return output;
  try {
    const wrapped = z.looseObject({ output: z.string() }).safeParse(JSON.parse(output));
    return wrapped.success ? wrapped.data.output : output;
  } catch {
    return output;
  }
}
