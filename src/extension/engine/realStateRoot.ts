import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Where a state root really is, links followed as far as the path exists: two folders whose ledgers are the same file
 * have the same one. It stays the same when the state root is made.
 */
export function realStateRoot(stateRoot: string): string {
  try {
    return realpathSync.native(stateRoot);
  } catch {
    const parent = dirname(stateRoot);
    return parent === stateRoot ? stateRoot : join(realStateRoot(parent), basename(stateRoot));
  }
}
