/** What is played with every version of Codex that can be had: each scenario says in a word what came of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../tmux/tmuxServer.ts';
import type { LiveWorld } from './liveWorld.ts';
import { jsonIn } from './supervisedCodex.ts';

interface LiveOptions {
  /** How often what can go wrong once in a while is played. */
  readonly rounds: number;
}

export interface LiveVerdict {
  readonly verdict: 'ok' | 'unknown';
  /** From a question on the screen to the supervisor's knowing of it. */
  readonly milliseconds?: number;
}

export interface LiveScenario {
  readonly name: string;
  /** Ends without an exception when everything was as it should be; `unknown`: not told, and not told wrongly. */
  play(world: LiveWorld, options: LiveOptions): Promise<LiveVerdict | LiveVerdict['verdict']>;
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
      const milliseconds = await world.millisecondsToSee(name);
      await world.hears(name, [`touch ${file}`]);
      await world.becomes(name, ['waiting_approval'], atRest);
      await world.codex.json('approve', name, '--option', '1');
      await until('it is carried out', () => existsSync(file), 30);
      await world.becomes(name, atRest);
      return { verdict: 'ok', milliseconds };
    },
  },
  {
    name: 'approval shown, denied',
    play: async (world) => {
      const name = await world.worker();
      const file = join(world.codex.real.stateRoot, '..', `denied-${name}`);
      await world.nudge(name, `touch ${file}`);
      const milliseconds = await world.millisecondsToSee(name);
      await world.hears(name, [`touch ${file}`]);
      await world.becomes(name, ['waiting_approval'], atRest);
      await world.codex.json('deny', name);
      await world.becomes(name, atRest);
      if (existsSync(file)) throw new Error('it was carried out');
      return { verdict: 'ok', milliseconds };
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
      const { task } = await world.manage(name);
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
      await world.becomes(name, ['error', 'turn_ended']);
      return world.settles(name, 'error');
    },
  },
  {
    name: 'model error 429',
    play: async (world) => {
      const name = await world.worker();
      await world.nudge(name, 'hurry please');
      await world.becomes(name, ['rate_limited', 'error', 'turn_ended']);
      return world.settles(name, 'rate_limited');
    },
  },
  {
    name: 'killed in a turn, resumed with its thread',
    play: async (world) => {
      const name = await world.worker();
      // By its first message, after which nobody has looked at its process yet.
      await world.nudge(name, 'think hard');
      await world.hears(name, ['think hard']);
      await world.becomes(name, ['working'], atRest);
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
    name: 'started by hand, found by its process',
    play: async (world) => {
      const { session, pid } = await world.startedByHand('by hand');
      const found = ['--name', session, '--pid', String(pid), '--tmux-session', session];
      const { codex_session_id: thread } = await world.codex.json('register-worker', ...found);
      await world.becomes(session, atRest, ['crashed', 'gone', 'error']);
      await world.nudge(session, 'by conveyor');
      await world.hears(session, ['by hand', 'by conveyor']);
      await world.becomes(session, atRest, ['crashed', 'gone', 'error']);
      if (typeof thread !== 'string') throw new Error('its thread is not known');
      return 'ok';
    },
  },
  {
    name: 'manager in the sandbox',
    play: async (world) => {
      const name = await world.worker();
      await world.nudge(name, 'before');
      await world.becomes(name, atRest);
      const { task, manager } = await world.manage(name);
      // Somebody looks at the worker every second or so; a manager in the sandbox sees that look.
      await until('it was looked at', async () => {
        const cycle = jsonIn(await world.byManager(manager, `cycle ${task}`));
        if (cycle.worker_alive === false) throw new Error('the manager takes its worker for dead');
        return cycle.worker_alive === true && cycle.observed_by === 'live';
      });
      await world.byManager(manager, `session-nudge ${name} 'from the sandbox'`);
      await world.hears(name, ['before', 'from the sandbox']);
      await world.becomes(name, atRest, ['error', 'crashed']);
      const refused = await world.byManager(manager, 'start-worker --name another; echo "status $?"');
      if (!refused.includes('status 1')) throw new Error(`it started a session: ${refused}`);
      return 'ok';
    },
  },
  {
    name: 'two TUIs of one home and folder',
    play: async (world, { rounds }) => {
      for (let round = 0; round < rounds; round += 1) {
        const pair = await Promise.all([world.worker(), world.worker()]);
        const [left, right] = pair;
        await Promise.all([world.nudge(left, `to the left ${round}`), world.nudge(right, `to the right ${round}`)]);
        for (const name of pair) await world.becomes(name, atRest);
        await world.hears(left, [`to the left ${round}`]);
        await world.hears(right, [`to the right ${round}`]);
        if (rounds > 1) for (const name of pair) await world.end(name);
      }
      return 'ok';
    },
  },
];
