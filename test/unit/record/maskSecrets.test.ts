import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { mask, maskSecrets, maskValue } from '../../../src/core/domain/maskSecrets.ts';
import { heartsOf, secretKinds } from './secretKinds.ts';

function assertHidden(secret: string, shown: string): void {
  for (const heart of heartsOf(secret)) assert.ok(!shown.includes(heart), `${heart} is in ${shown}`);
  assert.ok(shown.includes(mask), shown);
}

/** Ordinary text, none of which is a secret. */
const ordinary = [
  'task-2f0c1b7e-1111-4222-8333-123456789abc',
  'disk-usage-of-the-whole-machine-2026',
  'docs-sk-translation-of-all-the-pages-2026',
  'src/core/record/replayEntries.ts:120 and some/more/path/of/this/project.ts',
  '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'ssh://git@github.com/owner/name.git, git@github.com:owner/name.git',
  'https://example.com:8080/@scope/name?page=2',
  'The token is required: pass it with --token. password: required',
  'const token = process.env.GITHUB_TOKEN; let secret = nextSecret();',
  'total_tokens: 123456, input_tokens=9000',
  'basic configuration-management, bearer certificates-are-fine',
  'cookie: a thing to eat',
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO user@host',
  '2026-11-26T11:12:50Z worker session_nudge_succeeded [info] 12 bytes',
];

/** What patterns that are written carelessly choke on: each begins something over and over that never ends. */
const chokers = [
  'a',
  'sk-',
  '-sk-aA',
  '-sk-aA1',
  '\\nsk-',
  'eyJ',
  'eyJa.',
  'eyJhbGciOi',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN ',
  'token=',
  'token: ',
  'password: a',
  '://',
  '://a:',
  '://a:b@',
  'Cookie: ',
  'cookie=',
  'bearer a',
  'authorization: a ',
  'SG.aaaaaaaaaaaaaaaaaaaa.',
  '1//0',
  '"\\',
  '=',
  '-----END PRIVATE KEY-----',
  'A-----END PRIVATE KEY',
  `${'a'.repeat(50)}\n`,
  'a\n',
  ' \n',
];

describe('maskSecrets', () => {
  for (const [kind, make] of Object.entries(secretKinds)) {
    it(`hides a ${kind}: alone, in a sentence, quoted, in JSON, in JSON in JSON, in base64`, () => {
      const secret = make(1);
      const json = JSON.stringify({ output: `first line\n${secret}` });
      for (const text of [secret, `use "${secret}", please`, `x\n'${secret}'\n`, json, JSON.stringify([json])]) {
        assertHidden(secret, maskSecrets(text));
      }
      const encoded = Buffer.from(json).toString('base64');
      if (!/password|cookie|bearer|AWS secret/.test(kind))
        assert.equal(maskSecrets(`data ${encoded}!`), `data ${mask}!`);
    });
  }

  it('hides a key that was taken for an option, or became part of a name', () => {
    const key = 'sk-proj-Q7vR2mX9tL4kZ8wB1nC6yD3fG5hJ0pS';
    for (const text of [`--${key}`, `=codex-${key}`, `KEY_${key}`, `-H${'_'}${key}`]) {
      assertHidden(key, maskSecrets(`unrecognized arguments: ${text}`));
    }
  });

  it('leaves ordinary text as it is', () => {
    for (const text of ordinary) assert.equal(maskSecrets(text), text);
  });

  it('leaves what tells of a secret', () => {
    assert.equal(maskSecrets('https://me:hunter2@x@example.com/a'), `https://${mask}@example.com/a`);
    assert.equal(maskSecrets('export API_KEY=abc123def456; ls'), `export API_KEY=${mask}; ls`);
    assert.equal(maskSecrets('{"client_secret": "abc123def456"}'), `{"client_secret": "${mask}"}`);
    assert.equal(
      maskSecrets('https://a.b/?access_token=abc123def456&page=2'),
      `https://a.b/?access_token=${mask}&page=2`,
    );
  });

  it('hides a private key that was cut off, and both of two', () => {
    const key = secretKinds['private key'](2);
    assert.equal(maskSecrets(`a ${key.slice(0, 120)}`), `a ${mask}`);
    assert.equal(maskSecrets(`a ${key.slice(0, 120)}\n${key} b\n${key} c`), `a ${mask}${mask} b\n${mask} c`);
  });

  it('hides a private key of which only the end is there, as in the second half of a screen', () => {
    const key = secretKinds['private key'](2);
    assert.equal(maskSecrets(`${key.slice(60)}\n$ ls`), `${mask}\n$ ls`);
    assert.equal(maskSecrets(`a "${JSON.stringify(key).slice(60)}`), `a "${mask}"`);
  });

  it('hides a token that a terminal broke at its edge', () => {
    for (const kind of ['GitHub token', 'npm token', 'OpenAI key', 'Google API key'] as const) {
      const token = secretKinds[kind](5);
      for (const cut of [6, 14, token.length - 3]) {
        const start = '$ curl the address that was given, please, and with this key ';
        const row = (words: string) => `│ ${words.padEnd(start.length + cut)} │`;
        const screen = (...rows: string[]) => rows.map(row).join('\n');
        const shown = maskSecrets(screen(start + token.slice(0, cut), token.slice(cut), 'ok'));
        assert.ok(
          !heartsOf(token).some((heart) => shown.includes(heart.slice(0, 8)) || shown.includes(heart.slice(-3))),
          shown,
        );
        assert.match(shown, /│ ok +│$/);
      }
    }
    const lines = `${'some words that fill a line of a terminal up to its edge'}\nnext line\n`;
    assert.equal(maskSecrets(lines), lines);
  });

  it('changes nothing when it is done again', () => {
    const part = fc.oneof(
      fc.constantFrom(...ordinary, ...chokers, ...Object.values(secretKinds).map((make) => make(3))),
      fc.string({ maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const once = maskSecrets(parts.join(' '));
        assert.equal(maskSecrets(once), once);
      }),
    );
  });

  // Quadratic time would be hours: a pattern of that kind ends the test by its deadline.
  it('takes a megabyte of anything', function () {
    this.timeout(60_000);
    for (const text of chokers) maskSecrets(text.repeat(Math.ceil((1 << 20) / text.length)));
  });
});

describe('maskValue', () => {
  it('hides secrets in lists, objects and names of fields, and what a name tells of', () => {
    const token = secretKinds['npm token'](4);
    const value = {
      [token]: 1,
      list: [{ deep: `x ${token}` }],
      password: 'short',
      headers: { cookie: ['a', 'b'] },
      n: 2,
    };
    assert.deepEqual(maskValue(value), {
      [mask]: 1,
      list: [{ deep: `x ${mask}` }],
      password: mask,
      headers: { cookie: [mask, mask] },
      n: 2,
    });
  });

  it('returns what has nothing to hide as it is', () => {
    const value = { list: [{ deep: 'words' }], token_count: 3, none: null, yes: true };
    assert.equal(maskValue(value), value);
  });
});
