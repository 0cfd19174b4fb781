import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import type { DemoWorld } from './demoWorld.ts';

const sighted = z.object({
  step: z.string(),
  where: z.string(),
  what: z.string(),
  afterMs: z.number(),
  at: z.string(),
});
const verdict = z.object({ ok: z.boolean(), missing: z.array(z.string()) });
export type Sight = z.infer<typeof sighted>;

export interface Judgement {
  readonly seen: readonly Sight[];
  readonly missing: readonly string[];
}

/**
 * Starts the judge as a process of its own and collects what it saw. `supervisor` is the beginning of the dispatcher's id
 * that must have delivered; a window (`vscode-…`) is also looked at for what the person did in it.
 */
export async function runJudge(
  world: DemoWorld,
  signal: AbortSignal,
  onSight: (sight: Sight) => void,
  timeoutSeconds = 180,
  supervisor = '',
): Promise<Judgement> {
  const { workspace, stateRoot, tmuxSocket, names } = world;
  const order = JSON.stringify({ workspace, stateRoot, tmuxSocket, names, timeoutSeconds, supervisor });
  const judge = spawn(process.execPath, [fileURLToPath(new URL('judge.ts', import.meta.url)), order], {
    env: { ...world.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  signal.addEventListener('abort', () => judge.kill('SIGTERM'), { once: true });
  const seen: Sight[] = [];
  let missing: readonly string[] = ['the judge ended before its verdict'];
  for await (const line of createInterface({ input: judge.stdout })) {
    const said: unknown = JSON.parse(line);
    const ended = verdict.safeParse(said);
    if (ended.success) missing = ended.data.missing;
    else {
      const sight = sighted.parse(said);
      seen.push(sight);
      onSight(sight);
    }
  }
  return { seen, missing };
}
