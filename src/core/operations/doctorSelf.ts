import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { ConveyorError } from '../domain/errors.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import { realTmux, type Tmux } from '../tmux/tmux.ts';
import { flag, optionalText } from './argument.ts';
import { findOnPath } from './findTools.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { codexHomeOf } from './userFolders.ts';

interface SelfCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly [fact: string]: unknown;
}

/** Without these no worker can be steered from here; the other checks only inform. */
const needed = new Set(['workerctl_on_path', 'tmux_on_path', 'inside_tmux', 'current_tmux_session_live']);

/** Says whether the session that asks can be registered with its terminal, and how. */
export const doctorSelf = defineOperation({
  name: 'doctor-self',
  summary: 'Check whether this very session can be supervised, and say how to go on.',
  effect: 'reads',
  inputs: {
    session: optionalText('name of a tmux session to be asked for instead of the one around this command', {
      placeholder: 'TMUX',
    }),
    json: flag('accepted; the answer is always JSON'),
  },
  output: () =>
    z.looseObject({
      ok: z.boolean(),
      supported: z.boolean(),
      current_session: z.nullable(z.string()),
      checks: z.array(z.looseObject({ name: z.string(), ok: z.boolean() })),
    }),
  run: async (context, input) => {
    const program = findProgram(context);
    const terminal = await findTerminal(context, input.session);
    const skills = skillFiles(context);
    const checks = [
      { name: 'workerctl_on_path', ok: program !== null, path: program },
      { name: 'workerctl_script', ok: existsSync(context.runtime.cli), path: context.runtime.cli },
      onPath('tmux', context),
      onPath('codex', context),
      ...terminal.checks,
      { name: 'manage_skill_installed', ok: existsSync(skills.manage), path: skills.manage },
      { name: 'codex_review_skill_installed', ok: existsSync(skills.review), path: skills.review },
      { name: 'codex_review_helper_installed', ok: isExecutable(skills.helper), path: skills.helper },
      ...(program === null ? [] : [await checkRuns(context, program)]),
    ];
    const supported = checks.every(({ name, ok }) => ok || !needed.has(name));
    return {
      checks,
      supported,
      ok: supported,
      current_session: terminal.session,
      why_or_why_not: explain(checks, supported),
      ...advice(context, terminal.session, program),
      skill_path: skills.manage,
      codex_review_skill_path: skills.review,
      codex_review_helper_path: skills.helper,
    };
  },
  exitStatus: ({ supported }) => (supported ? 0 : 1),
});

/** Either name will do (AT-14). */
function findProgram({ variables }: OperationContext): string | null {
  return findOnPath('conveyor', variables.PATH) ?? findOnPath('workerctl', variables.PATH);
}

function onPath(program: string, { variables }: OperationContext): SelfCheck {
  const path = findOnPath(program, variables.PATH);
  return { name: `${program}_on_path`, ok: path !== null, path };
}

interface Terminal {
  readonly session: string | null;
  readonly checks: readonly SelfCheck[];
}

/**
 * The session around this command, by what tmux put into its variables. What tmux would answer to anybody else is some
 * other session of the same server (AT-14).
 */
async function findTerminal(context: OperationContext, asked: string | null): Promise<Terminal> {
  const { processes, variables } = context;
  const socket = variables.TMUX?.split(',')[0] ?? '';
  const tmux = realTmux(processes, asked !== null || socket === '' ? variables.CONVEYOR_TMUX_SOCKET : socket);
  if (findOnPath('tmux', variables.PATH) === null) return terminal(asked, []);
  try {
    const session = asked ?? (socket === '' ? null : await sessionOfPane(tmux, variables.TMUX_PANE));
    if (session === null) return terminal(null, []);
    const live = { name: 'current_tmux_session_live', ok: await tmux.hasSession(session) };
    return terminal(session, [live]);
  } catch (error) {
    if (!ConveyorError.is(error)) throw error;
    return terminal(asked, [{ name: 'tmux_access', ok: false, error: error.message }]);
  }
}

function terminal(session: string | null, more: readonly SelfCheck[]): Terminal {
  return { session, checks: [{ name: 'inside_tmux', ok: session !== null, session }, ...more] };
}

async function sessionOfPane(tmux: Tmux, paneId: string | undefined): Promise<string | null> {
  const panes = await tmux.listPanes();
  return panes.find((pane) => pane.paneId === paneId)?.sessionName ?? null;
}

function skillFiles({ variables }: OperationContext) {
  const home = codexHomeOf(variables);
  const skills = join(home, 'skills');
  return {
    manage: join(skills, 'manage-codex-workers', 'SKILL.md'),
    review: join(skills, 'codex-review', 'SKILL.md'),
    helper: join(skills, 'codex-review', 'scripts', 'codex-review'),
  };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The program that sessions would call really answers. */
async function checkRuns({ processes, variables }: OperationContext, program: string): Promise<SelfCheck> {
  const { status } = await processes.run(program, ['classify', '--text', 'ready'], {
    environment: variables,
    timeoutMilliseconds: 10_000,
  });
  return { name: 'workerctl_executable', ok: status === 0, path: program };
}

function explain(checks: readonly SelfCheck[], supported: boolean): string {
  if (supported) return 'This session runs in tmux and can be registered as a worker or a manager.';
  const failed = checks.filter(({ name, ok }) => !ok && needed.has(name)).map(({ name }) => name);
  return `Failed: ${failed.join(', ')}. A session outside tmux can still be a manager: it reads its inbox instead of being typed to.`;
}

function advice({ program, runtime }: OperationContext, session: string | null, onPath: string | null) {
  const register = ['register-worker', '--name', 'WORKER', '--pid', 'PID', '--codex-session', 'ROLLOUT'];
  const tmux = session === null ? [] : ['--tmux-session', quoteForShell(session)];
  return {
    command_template: [program, ...register, ...tmux].join(' '),
    follow_up: [
      `${program} register-manager --name MANAGER --pid PID --codex-session ROLLOUT`,
      `${program} tasks --create TASK --goal GOAL && ${program} bind --task TASK --worker WORKER --manager MANAGER`,
      `${program} cycle TASK`,
    ],
    workerctl_invocation: onPath ?? runtime.cli,
    codex_app_inbox_guidance: `A session in the Codex app has no terminal: it polls "${program} worker-inbox TASK --consume-next --wait --timeout 60 --json", a manager "${program} manager-inbox" likewise.`,
    command_context_note:
      'Run this inside the session that is to be supervised. In a sandbox tmux is out of reach: there the supervisor outside knows more.',
  };
}
