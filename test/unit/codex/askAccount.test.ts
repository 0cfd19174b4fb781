import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSignedOut } from '../../../src/core/codex/askAccount.ts';
import { parseCodexVersion } from '../../../src/core/codex/codexVersion.ts';
import { FakeProcessRunner } from '../../../src/core/ports/processRunner.ts';

describe('asking Codex whether somebody is signed in', () => {
  let codexHome: string;

  beforeEach(() => (codexHome = mkdtempSync(join(tmpdir(), 'conveyor-home-'))));
  afterEach(() => rmSync(codexHome, { recursive: true }));

  const ask = async (said: string, text = '0.169.0') => {
    const runner = new FakeProcessRunner({ '/bin/codex': { stdout: `{"id":1,"result":{}}\n${said}\n` } });
    const version = parseCodexVersion(text);
    assert.ok(version);
    const binary = { path: '/bin/codex', version };
    const answer = await isSignedOut(runner, binary, { codexHome, cwd: '/w', environment: { PATH: '/bin' } });
    return { answer, asked: runner.calls.length };
  };
  const account = (result: object) => JSON.stringify({ id: 2, result });
  const nobody = account({ account: null, requiresOpenaiAuth: true });

  it('believes only that nobody is, and that somebody must be', async () => {
    assert.equal((await ask(nobody)).answer, true);
    assert.equal((await ask(account({ account: null, requiresOpenaiAuth: false }))).answer, false);
    assert.equal((await ask(account({ account: { type: 'apiKey' }, requiresOpenaiAuth: true }))).answer, false);
  });

  for (const said of ['', 'error: unexpected argument', '{"id":2,"error":{"code":-32601}}', account({}), '{"id":2']) {
    it(`takes ${JSON.stringify(said)} for no answer`, async () => {
      assert.equal((await ask(said)).answer, false);
    });
  }

  it('does not ask where a sign-in is on disk, nor where the configuration may do without', async () => {
    writeFileSync(join(codexHome, 'config.toml'), 'model = "gpt-5"\n');
    assert.equal((await ask(nobody)).asked, 1);
    for (const line of ['model_provider = "own"', 'cli_auth_credentials_store = "keyring"']) {
      writeFileSync(join(codexHome, 'config.toml'), `${line}\n`);
      assert.deepEqual(await ask(nobody), { answer: false, asked: 0 });
    }
    writeFileSync(join(codexHome, 'config.toml'), '');
    writeFileSync(join(codexHome, 'auth.json'), '{}');
    assert.deepEqual(await ask(nobody), { answer: false, asked: 0 });
  });

  it('does not ask a version that was not seen to answer', async () => {
    assert.deepEqual(await ask(nobody, '0.40.0'), { answer: false, asked: 0 });
  });
});
