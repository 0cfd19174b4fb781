/**
 * A scripted model: a loopback server that speaks enough of the Responses API (HTTP, answers as server-sent
 * events) for a real Codex. It sees only what Codex sends: a script gets the parsed request and returns the
 * answer, and whatever id the script needs it has to read from there.
 *
 *     const model = await startScriptedModel((request) => say(`You said: ${request.lastUserText}`));
 *     model.baseUrl // http://127.0.0.1:<port>/v1, for the provider section of config.toml
 *     await model.close();
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { parseModelRequest, type ModelRequest } from './modelRequest.ts';

type AnswerPart =
  /** Assistant text; `pieces` deltas with `pieceMs` between them make it stream slowly. */
  | { readonly type: 'text'; readonly text: string; readonly pieces?: number; readonly pieceMs?: number }
  /** A call of a tool that the request offered, with its arguments. */
  | { readonly type: 'call'; readonly tool: string; readonly arguments: Readonly<Record<string, unknown>> };

export type ResponsePlan =
  | { readonly kind: 'answer'; readonly parts: readonly AnswerPart[]; readonly thinkMs?: number }
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The response begins and then nothing more comes until the client gives up. */
  | { readonly kind: 'hang' };

export type ModelScript = (request: ModelRequest) => ResponsePlan | Promise<ResponsePlan>;

export interface ScriptedModel {
  readonly baseUrl: string;
  /** Every request so far, oldest first, title requests included. */
  readonly requests: readonly ModelRequest[];
  /** Exceptions that a script threw; each was answered with HTTP 500. */
  readonly scriptErrors: readonly unknown[];
  /** Replaces the script for the requests that follow. */
  setScript(script: ModelScript): void;
  close(): Promise<void>;
}

export function say(text: string): ResponsePlan {
  return { kind: 'answer', parts: [{ type: 'text', text }] };
}

/**
 * A shell command through whichever shell tool this Codex offers: 0.169 has `exec_command {cmd}` for models that
 * it doesn't know, older ones `shell {command: argv}` or `shell_command {command}`.
 */
export function runShell(
  request: ModelRequest,
  command: string,
  options: { readonly escalate?: boolean; readonly waitMs?: number; readonly text?: string } = {},
): ResponsePlan {
  const call = shellCall(request, command, options);
  const before: AnswerPart[] = options.text === undefined ? [] : [{ type: 'text', text: options.text }];
  return { kind: 'answer', parts: [...before, call] };
}

/** HTTP 429 as the API sends it for a rate limit per minute. */
export function rateLimited(): ResponsePlan {
  const message = 'Rate limit reached. Please try again in 11.054s.';
  return { kind: 'error', status: 429, body: { error: { type: 'rate_limit_exceeded', message } } };
}

/** HTTP 429 as the account's usage limit sends it; `resetsAt` in epoch seconds. */
export function usageLimitReached(resetsAt: number): ResponsePlan {
  const error = {
    type: 'usage_limit_reached',
    message: 'The usage limit has been reached',
    plan_type: 'plus',
    resets_at: resetsAt,
  };
  const headers = {
    'x-codex-primary-used-percent': '100',
    'x-codex-primary-window-minutes': '300',
    'x-codex-primary-reset-at': String(resetsAt),
  };
  return { kind: 'error', status: 429, body: { error }, headers };
}

export function serverFailed(): ResponsePlan {
  return { kind: 'error', status: 500, body: { error: { type: 'server_error', message: 'The server had an error' } } };
}

export async function startScriptedModel(
  script: ModelScript,
  options: { readonly port?: number } = {},
): Promise<ScriptedModel> {
  let current = script;
  const requests: ModelRequest[] = [];
  const scriptErrors: unknown[] = [];
  let answered = 0;

  const server = createServer((message, response) => {
    void answerRequest(message, response).catch((error: unknown) => {
      scriptErrors.push(error);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: { type: 'server_error', message: String(error) } });
    });
  });

  async function answerRequest(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(message);
    if (message.method !== 'POST' || !(message.url ?? '').endsWith('/responses')) {
      sendJson(response, 404, { error: { type: 'not_found', message: 'Only POST /v1/responses is scripted' } });
      return;
    }
    const request = parseModelRequest(body, message.headers);
    requests.push(request);
    const plan = request.isTitleRequest ? say('{"title":"Scripted task"}') : await current(request);
    answered += 1;
    await play(plan, response, answered);
  }

  await listen(server, options.port ?? 0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the scripted model has no TCP address');
  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    requests,
    scriptErrors,
    setScript: (next) => {
      current = next;
    },
    close: () => close(server),
  };
}

function shellCall(
  request: ModelRequest,
  command: string,
  options: { readonly escalate?: boolean; readonly waitMs?: number },
): AnswerPart {
  const justification = 'The scripted model asks to run this outside the sandbox.';
  const offered = (name: string): boolean => request.tools.includes(name);
  if (offered('exec_command')) {
    const escalation = options.escalate === true ? { sandbox_permissions: 'require_escalated', justification } : {};
    const wait = { yield_time_ms: options.waitMs ?? 30_000 };
    return { type: 'call', tool: 'exec_command', arguments: { cmd: command, ...wait, ...escalation } };
  }
  // The name changed between 0.60 and 0.80; each version ignores the other's.
  const escalation =
    options.escalate === true
      ? { with_escalated_permissions: true, sandbox_permissions: 'require_escalated', justification }
      : {};
  const wait = { timeout_ms: options.waitMs ?? 60_000 };
  if (offered('shell_command')) {
    return { type: 'call', tool: 'shell_command', arguments: { command, ...wait, ...escalation } };
  }
  return { type: 'call', tool: 'shell', arguments: { command: ['bash', '-lc', command], ...wait, ...escalation } };
}

async function play(plan: ResponsePlan, response: ServerResponse, serial: number): Promise<void> {
  if (plan.kind === 'error') {
    sendJson(response, plan.status, plan.body, plan.headers);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const id = `resp_${serial}`;
  sendEvent(response, 'response.created', { response: { id } });
  if (plan.kind === 'hang') return;
  if (plan.thinkMs !== undefined) await waitWhileOpen(response, plan.thinkMs);
  for (const [index, part] of plan.parts.entries()) {
    if (response.destroyed) return;
    if (part.type === 'text') await playText(response, part, index, `msg_${serial}_${index}`);
    else playCall(response, part, index, `call_${serial}_${index}`);
  }
  sendEvent(response, 'response.completed', { response: { id, usage: usageOf(plan.parts) } });
  response.end();
}

async function playText(
  response: ServerResponse,
  part: Extract<AnswerPart, { type: 'text' }>,
  index: number,
  id: string,
): Promise<void> {
  const pieces = Math.max(1, part.pieces ?? 1);
  if (pieces > 1) {
    const opening = { type: 'message', role: 'assistant', id, content: [] };
    sendEvent(response, 'response.output_item.added', { output_index: index, item: opening });
    const size = Math.max(1, Math.ceil(part.text.length / pieces));
    for (let at = 0; at < part.text.length && !response.destroyed; at += size) {
      const delta = part.text.slice(at, at + size);
      sendEvent(response, 'response.output_text.delta', { item_id: id, output_index: index, content_index: 0, delta });
      await waitWhileOpen(response, part.pieceMs ?? 0);
    }
  }
  const item = { type: 'message', role: 'assistant', id, content: [{ type: 'output_text', text: part.text }] };
  sendEvent(response, 'response.output_item.done', { output_index: index, item });
}

function playCall(
  response: ServerResponse,
  part: Extract<AnswerPart, { type: 'call' }>,
  index: number,
  callId: string,
): void {
  const item = { type: 'function_call', call_id: callId, name: part.tool, arguments: JSON.stringify(part.arguments) };
  sendEvent(response, 'response.output_item.done', { output_index: index, item });
}

/** Ends early when Codex gives up, or when the model closes: no timer outlives the connection. */
function waitWhileOpen(response: ServerResponse, milliseconds: number): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      response.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    response.on('close', done);
  });
}

function usageOf(parts: readonly AnswerPart[]): Record<string, unknown> {
  const written = parts.reduce((sum, part) => sum + (part.type === 'text' ? part.text.length : 40), 0);
  const output = Math.ceil(written / 4);
  return {
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 100 + output,
  };
}

function sendEvent(response: ServerResponse, type: string, fields: Readonly<Record<string, unknown>>): void {
  if (!response.destroyed) response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
