import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Runs the vendored suite against the built command line. Arguments are passed on: `--only dispatch --verbose`. */
const child = spawn(process.execPath, [`${here}run.mjs`, '--deviations', `${here}deviations.json`, ...process.argv.slice(2)], {
  cwd: fileURLToPath(new URL('../../', import.meta.url)),
  stdio: 'inherit',
  env: { ...process.env, CONVEYOR_BIN: `"${process.execPath}" dist/cli.js` },
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
