import { shellCommand } from '../domain/shellQuote.ts';
import type { Connection } from '../ledger/connection.ts';
import { type BoundNames, type FoundTelemetry, listBoundNames, searchTelemetry } from '../ledger/discoveryStore.ts';
import { listSessions, type Session, type SessionRole } from '../ledger/sessionStore.ts';
import { listTasks, type Task } from '../ledger/taskStore.ts';

export interface Question {
  readonly text: string;
  /** Also what is over: ended tasks, gone sessions. */
  readonly includeEnded: boolean;
  /** For each kind of thing; below zero so many are left out at the end. */
  readonly limit: number;
}

export type Suggestion =
  | {
      readonly kind: 'bind';
      readonly command: string;
      readonly task: string;
      readonly worker: string;
      readonly manager: string;
    }
  | { readonly kind: 'register-worker' | 'register-manager'; readonly prompt: string };

export interface Discovery {
  readonly bindings: readonly BoundNames[];
  readonly sessions: readonly Session[];
  readonly tasks: readonly Task[];
  readonly telemetry: readonly FoundTelemetry[];
  readonly suggestions: readonly Suggestion[];
}

/** What the ledger knows about some words, and what to do next. */
export function discover(ledger: Connection, { text, includeEnded, limit }: Question): Discovery {
  const isMatch = matcher(text);
  const bound = listBoundNames(ledger);
  const tasks = listTasks(ledger, { onlyOpen: !includeEnded }).filter((task) =>
    isMatch(task.name, task.goal, task.summary, task.state),
  );
  const sessions = listSessions(ledger).filter((session) => includeEnded || session.state === 'active');
  const matched = sessions.filter((session) =>
    isMatch(session.name, session.role, session.state, session.cwd, session.tmux_session, session.codex_session_id),
  );
  return {
    tasks: tasks.slice(0, limit),
    sessions: matched.slice(0, limit),
    bindings: bound
      .filter((one) => isMatch(one.task_name, one.task_goal, one.worker_name, one.manager_name, one.state))
      .slice(0, limit),
    telemetry: searchTelemetry(ledger, text, limit),
    suggestions: suggest(tasks, [...matched, ...sessions], bound),
  };
}

function matcher(text: string): (...fields: readonly (string | null)[]) => boolean {
  const wanted = text.toLowerCase();
  return (...fields) => wanted === '' || fields.some((field) => field?.toLowerCase().includes(wanted) === true);
}

/** Looks at the whole ledger: a free session is worth naming whether or not the words hit it (CP-49). */
function suggest(
  tasks: readonly Task[],
  sessions: readonly Session[],
  bound: readonly BoundNames[],
): readonly Suggestion[] {
  const open = tasks.find((task) => isOpen(task) && bound.every((one) => one.task_id !== task.id));
  if (open === undefined && tasks.length > 0) return [];
  const free = (role: SessionRole) =>
    sessions.find(
      (session) =>
        session.role === role &&
        session.state === 'active' &&
        bound.every((one) => one.worker_name !== session.name && one.manager_name !== session.name),
    );
  const [worker, manager] = [free('worker'), free('manager')];
  if (open !== undefined && worker !== undefined && manager !== undefined) return [bindThem(open, worker, manager)];
  return [
    ...(worker === undefined ? [register('worker')] : []),
    ...(manager === undefined ? [register('manager')] : []),
  ];
}

function isOpen({ state }: Task): boolean {
  return state !== 'done' && state !== 'failed';
}

function bindThem(task: Task, worker: Session, manager: Session): Suggestion {
  const words = ['conveyor', 'bind', '--task', task.name, '--worker', worker.name, '--manager', manager.name];
  return { kind: 'bind', command: shellCommand(words), task: task.name, worker: worker.name, manager: manager.name };
}

function register(role: SessionRole): Suggestion {
  return {
    kind: `register-${role}`,
    prompt: `Ask the Codex session that shall be the ${role} to register itself with its Agent Conveyor skill (conveyor register-${role}).`,
  };
}
