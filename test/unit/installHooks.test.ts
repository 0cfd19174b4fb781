import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyPatch } from 'diff';
import { ConveyorError } from '../../src/core/domain/errors.ts';
import { installHooks } from '../../src/core/operations/installHooks.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';

describe('install-hooks', () => {
  let root: string;
  let home: string;
  const contexts: HostedContext[] = [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'conveyor-hooks-'));
    home = join(root, 'codex');
    mkdirSync(home);
    codex('0.169.0');
  });

  afterEach(() => {
    for (const context of contexts.splice(0)) context.close();
    rmSync(root, { recursive: true, force: true });
  });

  /** Says its version, as the real one does. */
  function codex(version: string): void {
    mkdirSync(join(root, 'bin'), { recursive: true });
    writeFileSync(join(root, 'bin', 'codex'), `#!/bin/sh\necho codex-cli ${version}\n`, { mode: 0o755 });
  }

  async function run(parts: object, project = 'project', more: Readonly<Record<string, string>> = {}) {
    mkdirSync(join(root, project), { recursive: true });
    const variables = {
      PATH: `${join(root, 'bin')}:/usr/bin:/bin`,
      HOME: root,
      CODEX_HOME: home,
      XDG_DATA_HOME: join(root, 'data'),
      ...more,
    };
    const context = new HostedContext({ surface: 'cli', cwd: join(root, project), variables });
    contexts.push(context);
    return installHooks
      .output()
      .parse(await runOperation(installHooks, context, { dryRun: false, remove: false, ...parts }));
  }

  const write = (name: string, text: string) => writeFileSync(join(home, name), text);
  const read = (name: string) => readFileSync(join(home, name), 'utf8');
  const copies = () => readdirSync(home).filter((name) => name.includes('before-conveyor'));

  it('only shows with --dry-run: no ledger, no program, no file, not even in a sandbox', async () => {
    write('hooks.json', '{"version":3}');
    await run({ dryRun: true });
    await run({ dryRun: true, remove: true });
    await assert.rejects(run({ dryRun: true }, 'project', { CODEX_SANDBOX_NETWORK_DISABLED: '1' }), (error) =>
      ConveyorError.is(error, 'not_supported'),
    );
    assert.deepEqual(readdirSync(join(root, 'project')), []);
    assert.deepEqual(readdirSync(home), ['hooks.json']);
    assert.ok(!existsSync(join(root, 'data')));
  });

  it('shows what it writes as a diff that patches to the very bytes', async () => {
    const settings = Array.from({ length: 40 }, (_, at) => `  "setting-${at}": ${at}`).join(',\n');
    for (const [version, name, text] of [
      ['0.169.0', 'hooks.json', null],
      ['0.169.0', 'hooks.json', '{"version":3,"hooks":{"Stop":[]}}'],
      ['0.169.0', 'hooks.json', `{\n${settings}\n}\n`],
      ['0.120.0', 'config.toml', null],
      ['0.120.0', 'config.toml', '# mine\nnotify = ["say"]\nmodel = "x"'],
    ] as const) {
      codex(version);
      if (text !== null) write(name, text);
      const { files, digest } = await run({ dryRun: true });
      assert.equal(files.length, 1);
      const patched = applyPatch(text ?? '', files[0]?.diff ?? '');
      assert.equal((await run({ expect: digest })).digest, digest);
      assert.equal(patched, read(name), `${version} ${text}`);
      const undo = (await run({ dryRun: true, remove: true })).files[0]?.diff ?? '';
      assert.match(undo, text === null ? /^\+\+\+ \/dev\/null$/m : /codex-hook/);
      await run({ remove: true });
      if (text === null) assert.ok(!existsSync(join(home, name)));
      else assert.equal(read(name), text);
      assert.deepEqual(copies(), []);
      for (const made of readdirSync(home)) rmSync(join(home, made));
    }
  });

  it('does nothing when the files have changed since they were shown', async () => {
    write('hooks.json', '{"version":3}');
    const { digest } = await run({ dryRun: true });
    write('hooks.json', '{"version":4}');
    await assert.rejects(run({ expect: digest }), (error) => ConveyorError.is(error, 'file_changed'));
    assert.deepEqual(readdirSync(home), ['hooks.json']);
    assert.equal(read('hooks.json'), '{"version":4}');
  });

  it('gives back the very bytes, in styles that no editing gives back', async () => {
    for (const text of ['{}', '{ "hooks" : { } }', '{"hooks":{"Stop":[ ]}, "a":[1 ,2]}\n\n', '']) {
      write('hooks.json', text);
      await run({});
      assert.deepEqual(copies(), ['hooks.json.before-conveyor']);
      await run({ remove: true });
      assert.equal(read('hooks.json'), text);
      assert.deepEqual(copies(), []);
    }
  });

  it('keeps what others changed meanwhile, and throws the copy away all the same', async () => {
    write('hooks.json', '{"version":3}');
    await run({});
    write('hooks.json', read('hooks.json').replace('"version":3', '"version":3,"mine":true'));
    await run({ remove: true });
    assert.equal(read('hooks.json'), '{"version":3,"mine":true}');
    assert.deepEqual(copies(), []);
  });

  it('keeps the copy while another ledger has hooks there, and makes a new one after a change by hand', async () => {
    write('hooks.json', '{ "version": 3 }');
    await run({}, 'one');
    await run({}, 'two');
    await run({ remove: true }, 'one');
    assert.deepEqual(copies(), ['hooks.json.before-conveyor']);
    assert.match(read('hooks.json'), /codex-hook/);
    // By hand, with our entries taken out: what is there now is how it was before the next time.
    write('hooks.json', '{ "version": 4 }');
    await run({}, 'two');
    await run({ remove: true }, 'two');
    assert.equal(read('hooks.json'), '{ "version": 4 }');
    assert.deepEqual(copies(), []);
  });
});
