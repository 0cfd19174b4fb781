import { statSync } from 'node:fs';
import type { Connection } from './connection.ts';

/**
 * Whether an open ledger is still the file of its name. A deleted one can be read and written for ever, and nobody else
 * sees it.
 */
export class LedgerFile {
  readonly #file: string;
  readonly #identity: string | null;

  constructor({ file }: Pick<Connection, 'file'>) {
    this.#file = file;
    this.#identity = identityOf(file);
  }

  isThere(): boolean {
    return this.#identity !== null && identityOf(this.#file) === this.#identity;
  }
}

function identityOf(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}
