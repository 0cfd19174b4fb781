/** The real Codex under the real command line: what `conveyor` does outside, and what it can do inside a sandbox. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { bundle } from '../../src/build/bundle.ts';
import type { ModelRequest } from '../demo/modelRequest.ts';
import { runShell, say, type ModelScript } from '../demo/scriptedModel.ts';
import { type RunningDashboard, startDashboard } from '../dashboard/runningDashboard.ts';
import { until } from '../tmux/tmuxServer.ts';
import { CODEX, setUpCodex, type RealCodex } from './realCodex.ts';

export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SupervisedCodex {
  readonly real: RealCodex;
  /** Runs `conveyor` outside of every sandbox. */
  conveyor(...argv: string[]): Promise<Answer>;
  /** The same, when it must succeed: the JSON that it printed. */
  json(...argv: string[]): Promise<Record<string, unknown>>;
  /** Lets a session of ours run a command in its sandbox; what the model was told of its output. */
  inside(session: string, command: string): Promise<string>;
  /** `dashboard` until `close`. */
  dashboard(...argv: string[]): Promise<RunningDashboard>;
  /** `dispatch --watch` until `stop`. */
  supervise(id: string): Promise<{ stop(): Promise<void> }>;
  rows(sql: string): Record<string, unknown>[];
  lines(rollout: string): readonly RolloutLine[];
  close(): Promise<void>;
}

export interface RolloutLine {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Asks the scripted model for one command; the number makes each request its own. */
const order = /^run (\d+): ([\s\S]*)$/;
/** The output of a command begins with the number of its order. */
const outputOf = (number: string | number) => `output of order ${number}:`;

/**
 * The oldest order that was not carried out yet. Not only the last thing that was said counts: news for a manager may
 * come right behind an order.
 */
function openOrder({ userTexts, toolOutputs }: ModelRequest): { number: string; command: string } | null {
  for (const text of userTexts) {
    const [, number, command] = order.exec(text) ?? [];
    if (number === undefined || command === undefined) continue;
    if (!toolOutputs.some((output) => output.text.includes(outputOf(number)))) return { number, command };
  }
  return null;
}

/** Sessions do what they are told with `run N: COMMAND`; `otherwise` answers everything else. */
export async function setUpSupervised(otherwise: ModelScript, binary = CODEX): Promise<SupervisedCodex> {
  const real = await setUpCodex((request) => {
    const open = openOrder(request);
    if (open !== null) return runShell(request, `echo '${outputOf(open.number)}'; ${open.command}`);
    return order.test(request.lastUserText) ? say('it was run') : otherwise(request);
  });
  const root = dirname(real.workspace);
  await bundle(join(root, 'dist'));
  const environment = {
    ...withoutCodex(process.env),
    ...real.codex.environment,
    WORKERCTL_STATE_ROOT: real.stateRoot,
    CONVEYOR_TMUX_SOCKET: real.server.socket,
    XDG_DATA_HOME: join(root, 'data'),
    PATH: `${dirname(binary)}${delimiter}${process.env.PATH}`,
  };
  const cli = join(root, 'dist', 'cli.js');
  const start = (argv: readonly string[]) =>
    spawn(process.execPath, [cli, ...argv], {
      cwd: real.workspace,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const watchers = new Set<ReturnType<typeof start>>();
  const dashboards: RunningDashboard[] = [];
  let orders = 0;

  const conveyor = async (...argv: string[]): Promise<Answer> => {
    const child = start(argv);
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, ...said };
  };
  const rows = (sql: string): Record<string, unknown>[] => {
    const ledger = new Database(join(real.stateRoot, 'workerctl.db'), { readonly: true, timeout: 5000 });
    try {
      return ledger.prepare<unknown[], Record<string, unknown>>(sql).all();
    } finally {
      ledger.close();
    }
  };

  return {
    real,
    conveyor,
    json: async (...argv) => {
      const { status, stdout, stderr } = await conveyor(...argv);
      if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${stderr}`);
      return JSON.parse(stdout);
    },
    inside: async (session, command) => {
      orders += 1;
      const text = `run ${orders}: ${command}`;
      const { status, stderr } = await conveyor('session-nudge', session, text);
      if (status !== 0) throw new Error(stderr);
      const heading = outputOf(orders);
      const outputs = () => real.model.requests.flatMap(({ toolOutputs }) => toolOutputs.map((one) => one.text));
      const output = () => outputs().find((one) => one.includes(heading));
      await until(`${session} has run ${command}`, () => output() !== undefined, 60);
      const said = output() ?? '';
      return said.slice(said.indexOf(heading) + heading.length);
    },
    dashboard: async (...argv) => {
      const running = await startDashboard(cli, argv, { cwd: real.workspace, env: environment });
      dashboards.push(running);
      return running;
    },
    supervise: async (id) => {
      const watcher = start(['dispatch', '--watch', '--dispatcher-id', id]);
      watchers.add(watcher);
      const leads = () =>
        rows(`SELECT 1 FROM panel_leases WHERE name = 'leadership' AND holder = '${id}'`).length === 1;
      await until(`${id} leads`, leads);
      return {
        stop: async () => {
          watchers.delete(watcher);
          const ended = new Promise((resolve) => watcher.once('close', resolve));
          watcher.kill('SIGTERM');
          await ended;
        },
      };
    },
    rows,
    lines: (rollout) =>
      readFileSync(rollout, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line): RolloutLine => JSON.parse(line)),
    close: async () => {
      for (const watcher of watchers) watcher.kill('SIGKILL');
      await Promise.all(dashboards.map((running) => running.stop()));
      await real.close();
    },
  };
}

/** The first JSON object in the output of a command. */
export function jsonIn(output: string): Record<string, unknown> {
  const start = output.search(/^\{/m);
  if (start < 0) throw new Error(`no JSON in: ${output}`);
  return JSON.parse(output.slice(start, output.lastIndexOf('}') + 1));
}

/** Whoever runs the tests may be an agent in a sandbox, or supervised, too. */
function withoutCodex(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => !/^(?:CODEX|WORKERCTL|CONVEYOR|TMUX)/.test(name)),
  );
}
