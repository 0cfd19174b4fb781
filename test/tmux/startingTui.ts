/**
 * A Codex 0.80 as far as starting one goes: run as `codex` (argv[0]), it makes its rollout below $CODEX_HOME, holds it
 * open, and then is the stand-in of standInTui.ts.
 */
import { mkdirSync, openSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

const now = new Date();
const created = now.getTime().toString(16).padStart(12, '0');
const random = randomBytes(8).toString('hex');
const threadId = `${created.slice(0, 8)}-${created.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(4)}`;
const two = (part: number) => String(part).padStart(2, '0');
const day = [String(now.getFullYear()), two(now.getMonth() + 1), two(now.getDate())];
const folder = join(process.env['CODEX_HOME'] ?? '', 'sessions', ...day);
mkdirSync(folder, { recursive: true });
const rollout = join(folder, `rollout-${day.join('-')}T00-00-00-${threadId}.jsonl`);
// Held open until the process ends: that is how a session's rollout is found.
const handle = openSync(rollout, 'a');
const payload = {
  id: threadId,
  timestamp: now.toISOString(),
  cwd: process.cwd(),
  cli_version: '0.80.0',
  source: 'cli',
};
writeSync(handle, `${JSON.stringify({ timestamp: now.toISOString(), type: 'session_meta', payload })}\n`);
process.argv[2] = rollout;
await import('./standInTui.ts');
