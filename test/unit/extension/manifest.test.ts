import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { readManifest, staleFields } from '../../../src/build/manifest.ts';
import { commandIds, contextKeys, rowKinds, settingKeys } from '../../../src/extension/ids.ts';
import { commandDefinitions } from '../../../src/extension/manifest/commands.ts';
import { generatedManifest } from '../../../src/extension/manifest/manifest.ts';
import { inlineActions } from '../../../src/extension/manifest/menus.ts';
import { permissionActions, restrictedSettings, settingDefinitions } from '../../../src/extension/manifest/settings.ts';
import { contributedViews } from '../../../src/extension/manifest/views.ts';

/** Whether a row of this kind has a menu entry with this condition. */
function fits(when: string, kind: string): boolean {
  const [, pattern] = /^viewItem =~ \/(.+)\/$/.exec(when) ?? [];
  return pattern === undefined ? when === `viewItem == ${kind}` : new RegExp(pattern).test(kind);
}

const repository = join(import.meta.dirname, '../../..');

describe('the generated manifest', () => {
  it('is what package.json says (else run: node src/build/manifest.ts)', () => {
    assert.deepEqual(staleFields(readManifest()), []);
  });

  it('is found stale when a field differs', () => {
    assert.deepEqual(staleFields({ ...readManifest(), activationEvents: ['*'] }), ['activationEvents']);
  });

  it('gives every command a verb first, an icon, and a definition', () => {
    assert.deepEqual(Object.keys(commandDefinitions).toSorted(), Object.keys(commandIds).toSorted());
    for (const { title, icon } of Object.values(commandDefinitions)) {
      assert.match(
        title,
        /^(Start|Register|Bind|Confirm|Run|Nudge|Interrupt|Approve|Deny|Resume|Stop|Open|Add|Accept|Satisfy|Defer|Reject|Finish|Show|Restart|Install|Remove|Mark) /,
      );
      assert.match(icon, /^[a-z-]+$/);
    }
  });

  it('shows at most three inline actions on any row', () => {
    for (const kind of Object.values(rowKinds).filter((one) => one !== rowKinds.goneSession)) {
      const row = kind === rowKinds.criterion ? `${kind}.accepted` : kind;
      const actions = inlineActions().filter(({ when }) => fits(when, row));
      assert.ok(actions.length > 0 && actions.length <= 3, `${row} has ${actions.length}`);
    }
  });

  it('names no setting or context key that has no home in ids.ts', () => {
    const text = JSON.stringify(generatedManifest());
    const known = new Set<string>([...Object.values(settingKeys), ...Object.values(contextKeys)]);
    for (const [key] of text.matchAll(/conveyor:[a-zA-Z]+/g)) assert.ok(known.has(key), key);
    for (const [, key] of text.matchAll(/@id:(conveyor[a-zA-Z.]+)/g)) assert.ok(known.has(key ?? ''), key);
  });

  it('leaves no context key unused by the manifest', () => {
    const text = JSON.stringify(generatedManifest());
    for (const key of Object.values(contextKeys)) assert.ok(text.includes(key), key);
  });

  it('lets no file of a workspace, where agents write, choose what is run, where, or what is permitted', () => {
    for (const name of restrictedSettings) assert.equal(settingDefinitions[name].scope, 'machine', name);
  });

  it('offers no right that nothing asks for', () => {
    const core = join(repository, 'src/core');
    const sources = readdirSync(core, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('domain/permissions.ts'))
      .map((name) => readFileSync(join(core, name), 'utf8'));
    for (const action of permissionActions)
      assert.ok(
        sources.some((text) => text.includes(`'${action}'`)),
        action,
      );
  });

  it('links welcome views only to commands that exist', () => {
    const own = new Set<string>(Object.values(commandIds));
    for (const [, command] of JSON.stringify(contributedViews()).matchAll(/command:([\w.]+)/g)) {
      if (command?.startsWith('conveyor.')) assert.ok(own.has(command), command);
    }
  });
});

describe('the ids of commands, views, settings and context keys', () => {
  it('are spelled in ids.ts only', () => {
    const folder = join(repository, 'src/extension');
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name === 'ids.ts' || name.startsWith('manifest')) continue;
      const found = /['"`]conveyor[.:][a-zA-Z]/.exec(readFileSync(join(folder, name), 'utf8'));
      assert.equal(found, null, `${name} spells ${String(found?.[0])}`);
    }
  });
});
