import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(import.meta.dirname, '../../../webview');

/** What stands for VS Code's theme in a plain browser. */
const themes = ['dashboard/theme.css', 'dashboard/terminal/terminalTheme.ts'];

describe('the looks of the webview', () => {
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|css)$/.test(name))
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

  it('take every colour from the theme', () => {
    const literal =
      /(?<=[\s:,(])#[0-9a-fA-F]{3,8}(?=[;\s,)])|\b(?:rgba?|hsla?|oklch)\(|(?:color|background|fill|stroke):\s*(?:white|black|red|green|blue|gr[ae]y)\b/;
    for (const { name, text } of sources.filter((source) => !themes.includes(source.name))) {
      const found = literal.exec(text);
      assert.equal(found, null, `${name}: ${String(found?.[0])}`);
    }
  });

  it('move nothing for people who asked for stillness', () => {
    for (const { name, text } of sources) {
      if (!/animation:(?! none)/.test(text)) continue;
      assert.match(text, /prefers-reduced-motion: reduce/, name);
      // The dashboard runs in a plain browser, which has no class of VS Code.
      if (!name.startsWith('dashboard/')) assert.match(text, /vscode-reduce-motion/, name);
    }
  });
});
