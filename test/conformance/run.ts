import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';

const here = fileURLToPath(new URL('.', import.meta.url));
const given = process.argv.slice(2);

/** Scenarios whose verbs a later issue brings, each with the sentence that says which. */
const pending = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(`${here}pending.json`, 'utf8')));

/**
 * Runs the vendored suite against the built command line, but for what is pending. Arguments are passed on, and then
 * nothing is left out: `--only dispatch --verbose`.
 */
const child = spawn(
  process.execPath,
  [`${here}run.mjs`, '--deviations', `${here}deviations.json`, ...selection(), ...given],
  {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    stdio: 'inherit',
    env: { ...process.env, CONVEYOR_BIN: `"${process.execPath}" dist/cli.js` },
  },
);
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});

function selection(): readonly string[] {
  if (given.includes('--only')) return [];
  const scenarios = readdirSync(`${here}scenarios`).map((name) => name.replace(/\.json$/, ''));
  const unknown = Object.keys(pending).find((name) => !scenarios.includes(name));
  if (unknown !== undefined) throw new Error(`pending.json names ${unknown}, which is no scenario`);
  return ['--only', `/(?:${scenarios.filter((name) => !(name in pending)).join('|')})$`];
}
