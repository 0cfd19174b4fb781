/** A tmux server of the test's own, on a private socket, with the ports that the product uses. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/core/ports/clock.ts';
import { systemHostFacts } from '../../src/core/ports/hostFacts.ts';
import { systemProcessRunner } from '../../src/core/ports/processRunner.ts';
import { realPaneInput } from '../../src/core/tmux/paneInput.ts';
import type { Pane } from '../../src/core/tmux/pane.ts';
import { realTmux } from '../../src/core/tmux/tmux.ts';
import type { StartPorts } from '../../src/core/delivery/startSession.ts';

const standInTui = fileURLToPath(import.meta.resolve('./standInTui.ts'));

export interface TestServer {
  readonly ports: StartPorts;
  readonly folder: string;
  readonly socket: string;
  /** tmux itself, for what the product doesn't do. */
  raw(...argv: string[]): string;
  /** A stand-in for Codex; its messages go to `rollout`. Resolves when its composer or dialog is drawn. */
  standIn(session: string, options?: StandInOptions): Promise<StandIn>;
  close(): void;
}

interface StandInOptions {
  readonly habits?: string;
  readonly draft?: string;
  readonly width?: number;
  readonly height?: number;
  /** Holds the process id that the habit `kill-typist` ends. */
  readonly typist?: string;
}

export interface StandIn {
  readonly pane: Pane;
  readonly rollout: string;
  /** Messages that Enter sent, in order. */
  messages(): string[];
  /** Keys that answered a dialog. */
  answers(): string[];
}

export function startServer(): TestServer {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-tmux-'));
  const socket = join(folder, 'tmux');
  const runner = systemProcessRunner;
  const tmux = realTmux(runner, socket);
  const ports = { tmux, input: realPaneInput(runner, socket), host: systemHostFacts, clock: systemClock, runner };
  const raw = (...argv: string[]): string =>
    execFileSync('tmux', ['-u', '-f', '/dev/null', '-S', socket, ...argv], { encoding: 'utf8' });
  // Holds the server when every session of a test has ended.
  raw('new-session', '-d', '-s', 'keeper', 'cat');
  const serverPid = Number(raw('display-message', '-p', '#{pid}'));

  return {
    ports,
    folder,
    socket,
    raw,
    standIn: async (session, options = {}) => {
      const rollout = join(folder, `${session}.jsonl`);
      writeFileSync(rollout, '');
      const pane = await tmux.newSession({
        name: session,
        cwd: folder,
        argv: ['bash', '-c', 'exec -a codex "$@"', 'bash', process.execPath, standInTui, rollout],
        environment: {
          STAND_IN: options.habits ?? '',
          STAND_IN_DRAFT: options.draft ?? '',
          STAND_IN_TYPIST: options.typist ?? '',
        },
        width: options.width ?? 100,
        height: options.height ?? 30,
      });
      await until(`${session} draws`, async () => /› (?:Ask|1\.|\S)/u.test(await tmux.capture(pane.paneId)));
      const lines = (type: string): string[] =>
        readFileSync(rollout, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line): { payload: { type: string; message: string } } => JSON.parse(line))
          .filter(({ payload }) => payload.type === type)
          .map(({ payload }) => payload.message);
      return { pane, rollout, messages: () => lines('user_message'), answers: () => lines('answered') };
    },
    close: () => {
      try {
        raw('kill-server');
      } catch {
        // A test took it down; the pid makes sure that it is gone.
        if (systemHostFacts.isAlive(serverPid)) process.kill(serverPid);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
