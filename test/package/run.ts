import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { unzipSync } from 'fflate';

import { bundle } from '../../src/build/bundle.ts';
import { packageExtension } from '../../src/build/package.ts';
import { frequentVerbs } from '../../src/core/operations/frequentVerbs.ts';

/**
 * Packs the VSIX, unpacks it somewhere else and uses the command line in it as an installed extension would: nothing of
 * this checkout is beside it.
 *
 *     npm run package-smoke
 */
interface Step {
  readonly name: string;
  readonly words: readonly string[];
  readonly status?: number;
  /** What must be in its output. */
  readonly says: RegExp;
}

const steps: readonly Step[] = [
  { name: 'explains itself', words: ['--help'], says: /cycle/ },
  { name: 'makes a ledger', words: ['tasks', '--create', 'smoke', '--goal', 'Run from the package'], says: /"smoke"/ },
  { name: 'finds the ledger sound', words: ['db-doctor'], says: /"ok": true/ },
  { name: 'looks at the machine', words: ['doctor'], status: -1, says: /"runtime"/ },
  { name: 'knows the loops', words: ['loop-templates', '--show', 'visual_diff_loop'], says: /adversarial_check/ },
  {
    name: 'records a criterion',
    words: ['criteria', 'smoke', '--add', '--criterion', 'x', '--source', 'user_requested', '--status', 'accepted'],
    says: /"accepted"/,
  },
  {
    name: 'keeps a gate shut',
    words: ['finish-task', 'smoke', '--require-criteria-audit', '--reason', 'x'],
    status: 1,
    says: /criteri/,
  },
  { name: 'exports', words: ['export-task', 'smoke', '--zip'], says: /export\.zip/ },
  { name: 'installs the skills', words: ['install-skills', '--json'], says: /"change": "created"/ },
  { name: 'installs them once', words: ['install-skills', '--json'], says: /"change": "unchanged"/ },
];

const scratch = mkdtempSync(join(tmpdir(), 'conveyor-smoke-'));
let failed = 0;
try {
  const extension = await unpack();
  const cli = join(extension, 'dist', 'cli.js');
  const home = join(scratch, 'home');
  mkdirSync(home);
  const env = { PATH: process.env.PATH, HOME: home, TMPDIR: scratch };
  for (const { name, words, status = 0, says } of steps) {
    const ran = spawnSync(process.execPath, [cli, ...words], { cwd: scratch, env, encoding: 'utf8' });
    const isRight = (status === -1 || ran.status === status) && says.test(ran.stdout + ran.stderr);
    tell(name, isRight ? null : `conveyor ${words.join(' ')}: status ${ran.status}\n${ran.stdout}${ran.stderr}`);
  }
  const helpFrom = (program: string, verb: string) =>
    spawnSync(process.execPath, [join(dirname(cli), program), verb, '--help'], { cwd: scratch, env, encoding: 'utf8' });
  for (const verb of frequentVerbs) {
    const [both, own] = ['conveyor.js', 'frequent.js'].map((program) => helpFrom(program, verb));
    const isSame = own?.status === 0 && own.stdout === both?.stdout;
    tell(`has ${verb} in both programs`, isSame ? null : `${own?.status}\n${own?.stdout}${own?.stderr}`);
  }
  const skills = join(home, '.codex', 'skills');
  for (const path of ['manage-codex-workers/references/loops.md', 'codex-review/SKILL.md'])
    tell(`has ${path}`, isFile(join(skills, path)) ? null : 'it is not there');
  const helper = join(skills, 'codex-review', 'scripts', 'codex-review');
  const said = spawnSync(helper, ['--help'], { env, encoding: 'utf8' });
  tell('has a review helper that runs', said.status === 0 ? null : `${said.status} ${said.stderr}`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${steps.length + frequentVerbs.length + 3 - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** The folder of the extension, as VS Code lays it out; without the modes, which not every unpacker keeps. */
async function unpack(): Promise<string> {
  const dist = join(scratch, 'dist');
  await bundle(dist);
  const { path } = await packageExtension(dist, join(scratch, 'vsix'));
  rmSync(dist, { recursive: true, force: true });
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(path)))) {
    if (name.endsWith('/')) continue;
    const to = join(scratch, 'installed', name);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, bytes);
  }
  return join(scratch, 'installed', 'extension');
}

function tell(name: string, failure: string | null): void {
  if (failure !== null) failed += 1;
  console.log(failure === null ? `  ✔ ${name}` : `  ✘ ${name}\n${failure.replaceAll(/^/gm, '      ')}`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
