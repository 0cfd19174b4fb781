import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { installSkills } from '../../src/core/operations/installSkills.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { makeCodexHome, type CodexHome } from '../demo/codexHome.ts';
import { say, type ScriptedModel, startScriptedModel } from '../demo/scriptedModel.ts';
import { cacheFolder } from '../host/cacheFolder.ts';
import { CODEX } from './realCodex.ts';

const root = resolve(import.meta.dirname, '../..');
const skillList = z.object({
  result: z.object({ data: z.array(z.object({ skills: z.array(z.object({ name: z.string(), path: z.string() })) })) }),
});

describe('the skills with the real Codex', function () {
  this.timeout(90_000);
  let folder: string;
  let workspace: string;
  let model: ScriptedModel;
  let codex: CodexHome;

  beforeEach(async () => {
    folder = realpathSync(mkdtempSync(join(cacheFolder(), 'skills-')));
    workspace = join(folder, 'workspace');
    mkdirSync(workspace);
    model = await startScriptedModel(() => say('Nothing to say against it.'));
    codex = await makeCodexHome({ root: folder, baseUrl: model.baseUrl, trustedFolders: [workspace] });
    await install();
  });
  afterEach(async () => {
    await model.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const environment = () => ({
    PATH: [dirname(CODEX), process.env.PATH].join(':'),
    HOME: folder,
    ...codex.environment,
  });

  async function install(): Promise<void> {
    const runtime = { executable: process.execPath, isElectron: false, cli: join(root, 'dist', 'cli.js') };
    const variables = environment();
    const context = new HostedContext({ surface: 'cli', cwd: folder, variables, runtime });
    await runOperation(installSkills, context, {});
    context.close();
  }

  /** What Codex says that it would offer to its model. */
  async function offered(): Promise<readonly string[]> {
    const server = spawn(CODEX, ['app-server'], { env: environment(), stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = new Promise((done) => server.once('exit', done));
    try {
      const ask = (message: object) => server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
      ask({ id: 1, method: 'initialize', params: { clientInfo: { name: 'test', version: '1' } } });
      ask({ method: 'initialized' });
      ask({ id: 2, method: 'skills/list', params: { cwds: [workspace] } });
      for await (const line of createInterface({ input: server.stdout })) {
        const message: unknown = JSON.parse(line);
        const parsed = skillList.safeParse(message);
        if (parsed.success) return parsed.data.result.data.flatMap(({ skills }) => skills.map(({ path }) => path));
      }
      throw new Error('the app-server did not list its skills');
    } finally {
      server.stdin.end();
      server.kill();
      await ended;
    }
  }

  it('are offered once each, and what was kept of an edited one is not', async () => {
    const ours = (paths: readonly string[]) => paths.filter((path) => !path.includes('/.system/')).toSorted();
    const wanted = ['codex-review', 'manage-codex-workers'].map((name) => join(codex.home, 'skills', name, 'SKILL.md'));
    assert.deepEqual(ours(await offered()), wanted);
    writeFileSync(wanted[0] ?? '', '---\nname: mine\ndescription: Mine.\n---\n');
    await install();
    assert.deepEqual(ours(await offered()), wanted);
  });

  it('tell a review of the real Codex apart: clean, or with findings', async () => {
    const git = (...words: string[]) => execFileSync('git', words, { cwd: workspace, stdio: 'pipe' });
    git('init', '--quiet');
    writeFileSync(join(workspace, 'a.txt'), '[P1] stands in the code, too\n');
    const helper = join(codex.home, 'skills', 'codex-review', 'scripts', 'codex-review');
    const review = async () => {
      const ran = promisify(execFile)(helper, ['--mode', 'local'], { cwd: workspace, env: environment() });
      ran.child.stdin?.end();
      const answer = await ran.catch((error: unknown) =>
        z.object({ code: z.number(), stdout: z.string() }).parse(error),
      );
      return { code: 0, ...answer };
    };
    const clean = {
      findings: [],
      overall_correctness: 'patch is correct',
      overall_explanation: 'Fine.',
      overall_confidence_score: 0.9,
    };
    model.setScript(() => say(JSON.stringify(clean)));
    const first = await review();
    assert.match(first.stdout, /codex-review clean: no accepted\/actionable findings reported\n$/);
    assert.equal(first.code, 0);
    const finding = {
      title: '[P1] Check the token',
      body: 'It is never checked.',
      confidence_score: 0.9,
      priority: 1,
      code_location: { absolute_file_path: join(workspace, 'a.txt'), line_range: { start: 1, end: 1 } },
    };
    model.setScript(() =>
      say(JSON.stringify({ ...clean, findings: [finding], overall_correctness: 'patch is incorrect' })),
    );
    const second = await review();
    assert.match(second.stdout, /codex-review findings: accepted\/actionable findings reported\n$/);
    assert.equal(second.code, 1);
  });
});
