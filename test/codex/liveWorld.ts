/** A real Codex of some version, supervised, and what scenarios do with it and see of it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { recogniseScreen } from '../../src/core/codex/screens.ts';
import { rateLimited, runShell, say, serverFailed } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { setUpSupervised, type SupervisedCodex } from './supervisedCodex.ts';

export class LiveWorld {
  readonly codex: SupervisedCodex;
  readonly #binary: string;
  #sessions = 0;

  private constructor(codex: SupervisedCodex, binary: string) {
    this.codex = codex;
    this.#binary = binary;
  }

  static async start(binary: string): Promise<LiveWorld> {
    const codex = await setUpSupervised((request) => {
      const [word = ''] = request.lastUserText.split(' ');
      if (request.isCompactRequest)
        return { kind: 'answer', thinkMs: 3000, parts: [{ type: 'text', text: 'summary' }] };
      if (request.newToolOutputs.length > 0) return say('done');
      if (word === 'touch') return runShell(request, request.lastUserText, { escalate: true });
      if (word === 'think') return { kind: 'answer', thinkMs: 60_000, parts: [{ type: 'text', text: 'late' }] };
      if (word === 'fail') return serverFailed();
      if (word === 'hurry') return rateLimited();
      return say(`heard: ${request.lastUserText}`);
    }, binary);
    await codex.json('tasks', '--create', 'live', '--goal', 'be there');
    await codex.supervise('live');
    return new LiveWorld(codex, binary);
  }

  /** A worker of its own, with a name that was not used yet. */
  async worker(): Promise<string> {
    this.#sessions += 1;
    const name = `w${this.#sessions}`;
    const how = ['--sandbox', 'workspace-write', '--ask-for-approval', 'on-request'];
    await this.codex.json('start-worker', '--name', name, '--timeout-seconds', '60', ...how);
    return name;
  }

  /** A task in which a manager of its own may have the worker compacted. */
  async manage(worker: string): Promise<{ readonly task: string; readonly manager: string }> {
    const task = `task-${worker}`;
    const manager = `m-${worker}`;
    const how = ['--sandbox', 'workspace-write', '--ask-for-approval', 'on-request'];
    await this.codex.json('start-manager', '--name', manager, '--timeout-seconds', '60', ...how);
    await this.codex.json('tasks', '--create', task, '--goal', 'be managed');
    await this.codex.json('bind', '--task', task, '--worker', worker, '--manager', manager);
    await this.codex.json('manager-config', task, '--permit', 'worker_session.compact');
    await this.codex.json('handoff', task, '--summary', 'half done');
    return { task, manager };
  }

  /** What the command line says in the manager's sandbox. Up to 0.101 a login shell loses our PATH: by its whole name. */
  byManager(manager: string, words: string): Promise<string> {
    const shims = join(this.codex.real.stateRoot, '..', 'data', 'agent-conveyor');
    const [shim = ''] = readdirSync(shims);
    return this.codex.inside(manager, `${join(shims, shim, 'conveyor')} ${words}`);
  }

  /** Its terminal goes, and it is no longer looked after. */
  async end(name: string): Promise<void> {
    await this.codex.real.server.ports.tmux.killSession(`codex-${name}`);
    await this.codex.json('deregister', name);
  }

  nudge(name: string, text: string) {
    return this.codex.json('session-nudge', name, text);
  }

  async attention(name: string): Promise<{ readonly state: string; readonly detail: string | null }> {
    const answer: unknown = await this.codex.json('sessions', '--state', 'all');
    const listed = Array.isArray(answer) ? answer : [];
    const found: unknown = listed.find((one: unknown) => isRecord(one) && one.name === name);
    const attention = isRecord(found) && isRecord(found.attention) ? found.attention : {};
    return { state: String(attention.state), detail: typeof attention.detail === 'string' ? attention.detail : null };
  }

  /** Waits for a state; `never` must not be seen on the way. */
  async becomes(name: string, wanted: readonly string[], never: readonly string[] = []): Promise<string> {
    let seen = '';
    await until(
      `${name} is ${wanted.join(' or ')}`,
      async () => {
        seen = (await this.attention(name)).state;
        if (never.includes(seen)) throw new Error(`${name} was ${seen} on the way to ${wanted.join(' or ')}`);
        return wanted.includes(seen);
      },
      40,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${seen}`);
    });
    return seen;
  }

  /** Whether it is told within the seconds that a look at the screen takes; before, a turn is over and no more is known. */
  settles(name: string, wanted: string): Promise<'ok' | 'unknown'> {
    return until(`${name} is ${wanted}`, async () => (await this.attention(name)).state === wanted, 5).then(
      () => 'ok',
      () => 'unknown',
    );
  }

  /** Until exactly this was said, as the ledger has it. */
  async hears(name: string, texts: readonly string[]): Promise<void> {
    const squeeze = (all: readonly string[]) => JSON.stringify(all.map((one) => one.replaceAll(/\s+/g, ' ').trim()));
    await until('it is told', () => squeeze(this.said(name)) === squeeze(texts), 30).catch(() => {
      throw new Error(`${name} was told ${JSON.stringify(this.said(name))} instead of ${JSON.stringify(texts)}`);
    });
  }

  clearComposer(name: string): void {
    this.codex.real.server.raw('send-keys', '-t', `=codex-${name}:`, 'C-u');
  }

  /** A Codex that somebody started by hand, in a terminal of their own; it has been told something once. */
  async startedByHand(said: string): Promise<{ readonly session: string; readonly pid: number }> {
    this.#sessions += 1;
    const session = `by-hand-${this.#sessions}`;
    const { server, codex, workspace } = this.codex.real;
    const pane = await server.ports.tmux.newSession({
      name: session,
      cwd: workspace,
      // Any `-c` keeps it off the background server of 0.160 and later, which other tests are about.
      argv: [this.#binary, '-c', 'model="scripted"'],
      environment: { ...codex.environment, PATH: process.env.PATH ?? '' },
      width: 120,
      height: 40,
    });
    const screen = () => server.raw('capture-pane', '-p', '-t', `=${session}:`);
    await until('its composer is there', () => recogniseScreen({ pane: screen() }).class === 'composer_ready', 60);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    server.raw('send-keys', '-t', `=${session}:`, '-l', said);
    await until('it is typed', () => screen().includes(said));
    await new Promise((resolve) => setTimeout(resolve, 400));
    server.raw('send-keys', '-t', `=${session}:`, 'Enter');
    await until('it is answered', () => screen().includes(`heard: ${said}`), 30);
    return { session, pid: pane.pid };
  }

  /** How long after a question was drawn the supervisor's record has it. */
  async millisecondsToSee(name: string): Promise<number> {
    const { server } = this.codex.real;
    const screen = () => recogniseScreen({ pane: server.raw('capture-pane', '-p', '-t', `=codex-${name}:`) });
    await until('it asks', () => screen().dialog !== null, 40);
    const drawn = Date.now();
    const sql = `SELECT 1 FROM panel_observations o JOIN sessions s ON s.id = o.session_id
      WHERE s.name = '${name}' AND o.state_json ->> '$.pane.dialog' IS NOT NULL`;
    while (this.codex.rows(sql).length === 0) {
      if (Date.now() - drawn > 20_000) throw new Error(`${name} asks, and the supervisor does not see it`);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    return Date.now() - drawn;
  }

  /** What the person said, as the ledger has it. */
  said(name: string): readonly string[] {
    return this.events(name, "e.subtype IN ('user_message', 'item_completed')").flatMap(
      (payload) => userText(payload) ?? [],
    );
  }

  /** Payloads of those lines of its rollout that the ledger has, in their order. */
  events(name: string, which: string): readonly unknown[] {
    return this.codex
      .rows(
        `SELECT e.payload_json AS payload FROM codex_events e JOIN sessions s ON s.id = e.session_id
         WHERE s.name = '${name}' AND ${which} ORDER BY e.id`,
      )
      .map(({ payload }) => JSON.parse(String(payload)));
  }
}

function userText(payload: unknown): string | null {
  if (!isRecord(payload)) return null;
  if (payload.type === 'user_message') return typeof payload.message === 'string' ? payload.message : null;
  const { item } = payload;
  if (!isRecord(item) || item.type !== 'UserMessage' || !Array.isArray(item.content)) return null;
  const parts: unknown[] = item.content;
  return parts.map((part) => (isRecord(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
