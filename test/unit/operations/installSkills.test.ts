import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { installSkills } from '../../../src/core/operations/installSkills.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

const root = resolve(import.meta.dirname, '../../..');
const runtime = { executable: process.execPath, isElectron: false, cli: join(root, 'dist', 'cli.js') };

describe('install-skills', () => {
  let temporary: TemporaryContext;
  beforeEach(() => {
    temporary = temporaryContext({ runtime });
  });
  afterEach(() => temporary.dispose());

  const home = () => join(temporary.folder, '.codex');
  const skill = (...path: string[]) => join(home(), 'skills', ...path);
  async function install(input: Readonly<Record<string, unknown>> = {}) {
    const answer = await runOperation(installSkills, temporary.context, input);
    return installSkills.output().parse(answer);
  }
  const changes = async (input: Readonly<Record<string, unknown>> = {}) =>
    (await install(input)).skills.map(({ change }) => change);
  const listing = () => readdirSync(home(), { recursive: true, encoding: 'utf8' }).toSorted();
  const refusal = (error: unknown) => ConveyorError.is(error, 'install_failed');

  it('installs both skills, with the guides that they name and a helper that can be run', async () => {
    assert.deepEqual(await changes(), ['created', 'created']);
    const text = readFileSync(skill('manage-codex-workers', 'SKILL.md'), 'utf8');
    assert.match(text, /^---\nname: manage-codex-workers\ndescription: /);
    const named = [...text.matchAll(/`references\/([\w-]+\.md)`/g)].map(([, file = '']) => file);
    assert.ok(named.length > 3);
    for (const file of named) assert.ok(existsSync(skill('manage-codex-workers', 'references', file)), file);
    assert.ok(existsSync(skill('manage-codex-workers', 'agents', 'openai.yaml')));
    assert.equal(statSync(skill('codex-review', 'scripts', 'codex-review')).mode & 0o777, 0o755);
  });

  it('changes nothing the second time, and leaves nothing of its work', async () => {
    await install();
    const before = listing();
    assert.deepEqual(
      before.filter((path) => /\.(new|old)$/.test(path)),
      [],
    );
    const { ino } = statSync(skill('codex-review'));
    assert.deepEqual(await changes(), ['unchanged', 'unchanged']);
    assert.deepEqual(listing(), before);
    assert.equal(statSync(skill('codex-review')).ino, ino);
  });

  it('says on a dry run what it would do, and makes nothing', async () => {
    assert.deepEqual(await changes({ dryRun: true }), ['created', 'created']);
    assert.ok(!existsSync(home()));
    assert.ok(!existsSync(temporary.context.ledgerFile));
  });

  it('AT-17: keeps a copy of what somebody changed, out of where Codex looks for skills', async () => {
    await install();
    writeFileSync(skill('codex-review', 'SKILL.md'), 'mine');
    writeFileSync(skill('codex-review', 'notes.txt'), 'also mine');
    const [untouched, edited] = (await install()).skills;
    assert.equal(untouched?.kept, null);
    const kept = edited?.kept ?? '';
    assert.ok(kept.startsWith(join(home(), 'skills-kept', 'codex-review-')), kept);
    assert.equal(readFileSync(join(kept, 'SKILL.md'), 'utf8'), 'mine');
    assert.equal(readFileSync(join(kept, 'notes.txt'), 'utf8'), 'also mine');
    assert.match(readFileSync(skill('codex-review', 'SKILL.md'), 'utf8'), /^---\nname: codex-review/);
    assert.ok(!existsSync(skill('codex-review', 'notes.txt')));
  });

  it('keeps no copy of an older release that nobody changed, and mends modes that were lost', async () => {
    await install();
    const receipt = skill('codex-review', '.agent-conveyor.json');
    writeFileSync(skill('codex-review', 'SKILL.md'), 'an older text');
    const sums: unknown = JSON.parse(readFileSync(receipt, 'utf8'));
    assert.ok(typeof sums === 'object' && sums !== null && 'files' in sums);
    const { createHash } = await import('node:crypto');
    const sum = createHash('sha256').update('an older text').digest('hex');
    writeFileSync(receipt, JSON.stringify({ files: { ...Object(sums.files), 'SKILL.md': sum } }));
    assert.deepEqual((await install()).skills.map(({ change, kept }) => [change, kept]).at(1), ['updated', null]);
    chmodSync(skill('codex-review', 'scripts', 'codex-review'), 0o600);
    assert.equal((await changes()).at(1), 'updated');
    assert.equal(statSync(skill('codex-review', 'scripts', 'codex-review')).mode & 0o777, 0o755);
  });

  it('AT-17: follows a link to where somebody keeps a skill, and installs nothing when one leads nowhere', async () => {
    const elsewhere = join(temporary.folder, 'dotfiles', 'review');
    mkdirSync(elsewhere, { recursive: true });
    writeFileSync(join(elsewhere, 'SKILL.md'), 'mine');
    mkdirSync(skill(), { recursive: true });
    symlinkSync(elsewhere, skill('codex-review'));
    const [, linked] = (await install()).skills;
    assert.ok(linked?.kept);
    assert.ok(lstatSync(skill('codex-review')).isSymbolicLink());
    assert.match(readFileSync(join(elsewhere, 'SKILL.md'), 'utf8'), /^---\nname: codex-review/);

    rmSync(join(home(), 'skills'), { recursive: true });
    mkdirSync(skill(), { recursive: true });
    symlinkSync(join(temporary.folder, 'nowhere'), skill('codex-review'));
    await assert.rejects(install(), refusal);
    assert.deepEqual(readdirSync(skill()), ['codex-review']);
  });

  it('AT-17: installs both or neither', async () => {
    await install();
    writeFileSync(skill('manage-codex-workers', 'SKILL.md'), 'mine');
    // The second can't be moved: something with content stands where what was there is put aside.
    const aside = skill(`.codex-review.${process.pid}.old`);
    mkdirSync(join(aside, 'full'), { recursive: true });
    writeFileSync(skill('codex-review', 'SKILL.md'), 'mine, too');
    await assert.rejects(install(), refusal);
    for (const name of ['manage-codex-workers', 'codex-review'])
      assert.match(readFileSync(skill(name, 'SKILL.md'), 'utf8'), /^mine/);
    assert.deepEqual(
      readdirSync(skill()).filter((name) => name.endsWith('.new')),
      [],
    );
  });

  it('AT-1: says in one line that it may not write there, or that its own files are gone', async () => {
    const file = join(temporary.folder, 'file');
    writeFileSync(file, '');
    // In /proc no folder can be made, and asking for it with its parents would never end.
    for (const codexHome of [file, '/proc/nope'])
      await assert.rejects(install({ codexHome }), (error: unknown) => refusal(error) && !/\n/.test(String(error)));
    const bare = temporaryContext({ runtime: { ...runtime, cli: join(temporary.folder, 'dist', 'cli.js') } });
    try {
      await assert.rejects(runOperation(installSkills, bare.context, {}), /bundled skill manage-codex-workers/);
    } finally {
      bare.dispose();
    }
  });
});
