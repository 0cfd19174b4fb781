import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { ProcessRunner } from '../ports/processRunner.ts';
import { type CodexBinary, isAtLeast } from './codexVersion.ts';

export interface AccountQuestion {
  readonly codexHome: string;
  /** The folder and the environment that Codex is to run with: they decide what it is configured with. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const patienceMilliseconds = 2000;

const order = [
  { id: 1, method: 'initialize', params: { clientInfo: { name: 'agent-conveyor', version: '0.1.0' } } },
  { method: 'initialized' },
  { id: 2, method: 'account/read', params: { refreshToken: false } },
];
const answer = z.object({
  id: z.literal(2),
  result: z.object({ account: z.unknown(), requiresOpenaiAuth: z.boolean() }),
});

/**
 * True when Codex itself says that it needs somebody to be signed in and nobody is: then its terminal would only show the
 * sign-in menu. False for every other answer, and where asking costs more than it tells: somebody's sign-in is on disk, or
 * the configuration names a provider or a key store of its own.
 */
export async function isSignedOut(
  runner: ProcessRunner,
  { path, version }: CodexBinary,
  { codexHome, cwd, environment }: AccountQuestion,
): Promise<boolean> {
  // 0.60 is the oldest that was seen to answer.
  if (!isAtLeast(version, 0, 60) || existsSync(join(codexHome, 'auth.json')) || mayDoWithout(codexHome)) return false;
  const { stdout } = await runner.run(path, ['app-server'], {
    cwd,
    environment: { ...environment, CODEX_HOME: codexHome },
    stdin: order.map((message) => `${JSON.stringify(message)}\n`).join(''),
    // It drops what it has not answered when its input ends.
    holdsStdinUntil: (said) => readAnswer(said) !== null,
    timeoutMilliseconds: patienceMilliseconds,
  });
  const account = readAnswer(stdout);
  return account !== null && account.requiresOpenaiAuth && account.account === null;
}

function mayDoWithout(codexHome: string): boolean {
  try {
    return /model_provider|cli_auth_credentials_store/u.test(readFileSync(join(codexHome, 'config.toml'), 'utf8'));
  } catch {
    return false; // there is none, and the defaults need an account
  }
}

function readAnswer(said: string): z.infer<typeof answer>['result'] | null {
  for (const line of said.split('\n')) {
    try {
      const parsed = answer.safeParse(JSON.parse(line));
      if (parsed.success) return parsed.data.result;
    } catch {
      // not a message, or not all of one yet
    }
  }
  return null;
}
