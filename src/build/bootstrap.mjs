// Runs a TypeScript program of this project on its own Node 24, installing what is missing first.
// Plain JavaScript for any Node from 20 on: it is what runs before anything is installed.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHash } from 'node:crypto';

const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const [program, ...argv] = process.argv.slice(2);

if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Node.js 20 or newer is needed to start (this is ${process.version})`);
if (program === undefined) fail('usage: node src/build/bootstrap.mjs PROGRAM.ts [ARGUMENTS]');
installPackages();
const child = spawn(join(bin, 'node'), [join(root, program), ...argv], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
});
// The terminal sends Ctrl-C to the whole group; the program cleans up, and we wait for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});

/** `npm ci` once for each state of the lockfile; a stamp says that it came to its end. */
function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.conveyor-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock && existsSync(join(bin, 'node'))) return;
  console.error('Installing packages (npm ci) …');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) fail('npm ci failed; see above');
  writeFileSync(stamp, lock);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
