import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One recorded file: `<version>/<name>.<extension>`. What the name says is the truth. */
export interface CorpusFile {
  readonly version: string;
  readonly name: string;
  readonly label: string;
  readonly content: Buffer;
}

export function readCorpus(kind: 'rollouts' | 'panes', extension: '.jsonl' | '.txt'): CorpusFile[] {
  const root = join(import.meta.dirname, 'data', kind);
  const versions = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return versions.flatMap(({ name: version }) =>
    readdirSync(join(root, version))
      .filter((file) => file.endsWith(extension))
      .sort()
      .map((file) => ({
        version,
        name: file.slice(0, -extension.length),
        label: `${version}/${file.slice(0, -extension.length)}`,
        content: readFileSync(join(root, version, file)),
      })),
  );
}

/** `0.169.0` is at least `0.120`. */
export function isFrom(version: string, minor: number): boolean {
  return Number(version.split('.')[1]) >= minor;
}
