import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { insertBinding } from '../../../src/core/ledger/bindingStore.ts';
import { requireSession, type Session } from '../../../src/core/ledger/sessionStore.ts';
import { insertTask, type Task } from '../../../src/core/ledger/taskStore.ts';
import { recordSession } from '../../../src/core/operations/register.ts';
import { temporaryContext, type TemporaryContext } from './temporaryContext.ts';

/** A rollout line of Codex 0.101 and later. */
export function line(
  type: string,
  payload: object,
  timestamp: string | number | null = '2026-01-02T03:05:00.000Z',
): string {
  return `${JSON.stringify({ ...(timestamp === null ? {} : { timestamp }), type, payload })}\n`;
}

export const event = (subtype: string, fields: object = {}, timestamp?: string | number | null): string =>
  line('event_msg', { type: subtype, ...fields }, timestamp);

export const head = (id: string, cliVersion = '0.169.0'): string =>
  line('session_meta', { id, cwd: '/srv/project', cli_version: cliVersion }, '2026-01-02T03:04:05.000Z');

/** A worker and a manager with rollout files of their own, not bound to anything yet. */
export interface SessionFixture extends TemporaryContext {
  readonly rollout: string;
  readonly managerRollout: string;
  register(name: string, role: 'worker' | 'manager', rollout: string, thread?: string): Session;
  bind(task: string, worker?: string, manager?: string): Task;
  session(name: string): Session;
  rows(sql: string): unknown[];
}

export function sessionFixture(): SessionFixture {
  const fixture = temporaryContext();
  const { context, folder, clock } = fixture;
  const rollout = join(folder, 'rollouts', 'rollout-w1.jsonl');
  const managerRollout = join(folder, 'rollouts', 'rollout-m1.jsonl');
  mkdirSync(join(folder, 'rollouts'));
  writeFileSync(rollout, head('thread-w1'));
  writeFileSync(managerRollout, head('thread-m1'));
  const register: SessionFixture['register'] = (name, role, file, thread = `thread-${name}`) => {
    fixture.host.processes.set(4000 + name.charCodeAt(0), { startTime: '7' });
    recordSession(context, {
      name,
      role,
      tmuxSession: undefined,
      codexSessionPath: file,
      codexSessionId: thread,
      pid: 4000 + name.charCodeAt(0),
      cwd: '/srv/project',
      codexVersion: '0.169.0',
    });
    return requireSession(context.ledger, name);
  };
  register('w1', 'worker', rollout);
  register('m1', 'manager', managerRollout);
  return {
    ...fixture,
    rollout,
    managerRollout,
    register,
    bind: (name, worker = 'w1', manager = 'm1') =>
      context.ledger.write(() => {
        const task = insertTask(context.ledger, { name, goal: 'Ship it', summary: null }, clock.now());
        const { ledger } = context;
        insertBinding(ledger, task, requireSession(ledger, worker), requireSession(ledger, manager), clock.now());
        return task;
      }),
    session: (name) => requireSession(context.ledger, name),
    rows: (sql) => context.ledger.all(sql),
    dispose: () => fixture.dispose(),
  };
}
