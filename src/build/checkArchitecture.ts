import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a line may say in one place only. Who may import whom is the linter's business (.oxlintrc.json). */
const reserved = [
  {
    what: 'SQL',
    pattern: /\b(?:SELECT\b.+\bFROM|INSERT (?:OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE)\b/,
    home: 'src/core/ledger/',
  },
  {
    what: 'a tmux verb that sends into a pane',
    pattern: /['"`](?:send-keys|paste-buffer|load-buffer|set-buffer|respawn-pane)['"`]/,
    home: 'src/core/tmux/paneInput.ts',
  },
  { what: 'process.exit', pattern: /\bprocess\.exit\(/, home: 'src/build/' },
  {
    what: 'standard output',
    pattern: /\bprocess\.stdout\b|\bconsole\.log\(/,
    home: 'src/cli/',
    also: ['src/build/', 'src/dashboard/entry.ts'],
  },
  // Never ends where a folder can hold no other, as below /proc (seen with Node 24): core/ports/makeFolder.ts does.
  { what: 'a folder made with its parents', pattern: /\bmkdir(?:Sync)?\(.*recursive: true/, home: 'src/build/' },
  { what: 'a match on message text', pattern: /\.message\.(?:includes|match|startsWith)\(/, home: 'nowhere' },
] as const;

/** Prints each violation with its place; exits 1 when there is one. */
function checkArchitecture(): void {
  const violations = sources().flatMap((file) => {
    const name = relative(root, file);
    const lines = readFileSync(file, 'utf8').split('\n');
    return reserved
      .filter(
        (rule) => !name.startsWith(rule.home) && !('also' in rule && rule.also.some((place) => name.startsWith(place))),
      )
      .flatMap(({ what, pattern, home }) =>
        lines.flatMap((line, index) =>
          pattern.test(line) && !/^\s*(?:\/\/|\*|\/\*)/.test(line)
            ? [`${name}:${index + 1}: ${what} belongs in ${home}`]
            : [],
        ),
      );
  });
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) process.exitCode = 1;
}

function sources(): string[] {
  return readdirSync(`${root}src`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && entry.name !== 'checkArchitecture.ts')
    .map((entry) => `${entry.parentPath}/${entry.name}`);
}

checkArchitecture();
