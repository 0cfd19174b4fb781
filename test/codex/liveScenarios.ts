/** What is played with every version of Codex that can be had: each scenario says in a word what came of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { rateLimited, runShell, say, serverFailed } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { setUpSupervised, type SupervisedCodex } from './supervisedCodex.ts';

export interface LiveScenario {
  readonly name: string;
  /** Ends without an exception when everything was as it should be; a word about what could not be known. */
  play(world: LiveWorld): Promise<'ok' | 'unknown'>;
}

export class LiveWorld {
  readonly codex: SupervisedCodex;
  readonly minor: number;
  #sessions = 0;

  private constructor(codex: SupervisedCodex, minor: number) {
    this.codex = codex;
    this.minor = minor;
  }

  static async start(binary: string, minor: number): Promise<LiveWorld> {
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
    return new LiveWorld(codex, minor);
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
  async manage(worker: string): Promise<string> {
    const task = `task-${worker}`;
    const manager = `m-${worker}`;
    const how = ['--sandbox', 'workspace-write', '--ask-for-approval', 'on-request'];
    await this.codex.json('start-manager', '--name', manager, '--timeout-seconds', '60', ...how);
    await this.codex.json('tasks', '--create', task, '--goal', 'be managed');
    await this.codex.json('bind', '--task', task, '--worker', worker, '--manager', manager);
    await this.codex.json('manager-config', task, '--permit', 'worker_session.compact');
    await this.codex.json('handoff', task, '--summary', 'half done');
    return task;
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

const atRest = ['turn_ended', 'idle'];

export const liveScenarios: readonly LiveScenario[] = [
  {
    name: 'start, message of several lines, end of turn',
    play: async (world) => {
      const name = await world.worker();
      await world.nudge(name, 'first line\n- second, "quoted" $HOME\nthird 😀');
      await world.hears(name, ['first line\n- second, "quoted" $HOME\nthird 😀']);
      await world.becomes(name, atRest, ['error', 'crashed', 'waiting_input']);
      await world.hears(name, ['first line\n- second, "quoted" $HOME\nthird 😀']);
      return 'ok';
    },
  },
  {
    name: 'approval shown, accepted',
    play: async (world) => {
      const name = await world.worker();
      const file = join(world.codex.real.stateRoot, '..', `accepted-${name}`);
      await world.nudge(name, `touch ${file}`);
      await world.hears(name, [`touch ${file}`]);
      await world.becomes(name, ['waiting_approval'], atRest);
      await world.codex.json('approve', name, '--option', '1');
      await until('it is carried out', () => existsSync(file), 30);
      await world.becomes(name, atRest);
      return 'ok';
    },
  },
  {
    name: 'approval shown, denied',
    play: async (world) => {
      const name = await world.worker();
      const file = join(world.codex.real.stateRoot, '..', `denied-${name}`);
      await world.nudge(name, `touch ${file}`);
      await world.hears(name, [`touch ${file}`]);
      await world.becomes(name, ['waiting_approval'], atRest);
      await world.codex.json('deny', name);
      await world.becomes(name, atRest);
      if (existsSync(file)) throw new Error('it was carried out');
      return 'ok';
    },
  },
  {
    name: 'working, interrupted',
    play: async (world) => {
      const name = await world.worker();
      await world.nudge(name, 'think hard');
      await world.hears(name, ['think hard']);
      await world.becomes(name, ['working'], atRest);
      await world.codex.json('session-interrupt', name);
      await world.becomes(name, atRest);
      // Some versions put the message back into the composer: that is not ours to clear.
      world.clearComposer(name);
      await world.nudge(name, 'go on');
      await world.hears(name, ['think hard', 'go on']);
      return 'ok';
    },
  },
  {
    name: '/compact, asked for by its manager',
    play: async (world) => {
      const name = await world.worker();
      await world.nudge(name, 'before');
      await world.hears(name, ['before']);
      await world.becomes(name, atRest);
      const task = await world.manage(name);
      const compactions = () => world.events(name, "e.type = 'compacted'");
      const answer = await world.codex.json('compact-worker', task, '--reason', 'its context is full');
      if (answer.send_text !== '/compact') throw new Error(`sent was ${JSON.stringify(answer.send_text)}`);
      await world.becomes(name, ['working'], ['error', 'crashed']);
      await until('it is compacted', () => compactions().length === 1, 30);
      await world.becomes(name, atRest, ['error', 'crashed']);
      // The same file is read on, and what Codex wrote for itself counts as nobody's word.
      await world.nudge(name, 'after');
      await world.hears(name, ['before', 'after']);
      await world.becomes(name, atRest, ['error', 'crashed']);
      return 'ok';
    },
  },
  {
    name: 'model error 500',
    play: async (world) => {
      const name = await world.worker();
      await world.nudge(name, 'fail please');
      // Where the rollout knows nothing of errors the screen tells; a turn without words is what is left otherwise.
      return (await world.becomes(name, ['error', 'turn_ended'])) === 'error' ? 'ok' : 'unknown';
    },
  },
  {
    name: 'model error 429',
    play: async (world) => {
      const name = await world.worker();
      await world.nudge(name, 'hurry please');
      return (await world.becomes(name, ['rate_limited', 'error', 'turn_ended'])) === 'rate_limited' ? 'ok' : 'unknown';
    },
  },
  {
    name: 'killed in a turn, resumed with its thread',
    play: async (world) => {
      const name = await world.worker();
      await world.nudge(name, 'hello');
      await world.becomes(name, atRest);
      await world.nudge(name, 'think hard');
      await world.becomes(name, ['working']);
      const [row] = world.codex.rows(`SELECT pid, codex_session_id AS thread FROM sessions WHERE name = '${name}'`);
      process.kill(Number(row?.pid), 'SIGKILL');
      await world.becomes(name, ['crashed', 'gone'], atRest);
      const resumed = await world.codex.json('resume', name, '--timeout-seconds', '60');
      const [after] = world.codex.rows(`SELECT codex_session_id AS thread FROM sessions WHERE name = '${name}'`);
      if (after?.thread !== row?.thread) throw new Error(`resumed as ${JSON.stringify(resumed)}`);
      await world.nudge(name, 'once more');
      await until('it is told', () => world.said(name).includes('once more'));
      return 'ok';
    },
  },
  {
    name: 'two TUIs of one home and folder',
    play: async (world) => {
      const [left, right] = [await world.worker(), await world.worker()];
      await world.nudge(left, 'to the left');
      await world.nudge(right, 'to the right');
      for (const name of [left, right]) await world.becomes(name, atRest);
      await world.hears(left, ['to the left']);
      await world.hears(right, ['to the right']);
      return 'ok';
    },
  },
];

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
