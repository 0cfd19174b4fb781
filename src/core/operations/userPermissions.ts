import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Variables } from './operationContext.ts';
import { userConfigFolder } from './userFolders.ts';

const permissionFile = z.object({ manager: z.array(z.string()) });

/** `$XDG_CONFIG_HOME/agent-conveyor/permissions.json`: outside every workspace, where no agent writes. */
export function permissionFilePath(variables: Variables): string {
  return join(userConfigFolder(variables), 'agent-conveyor', 'permissions.json');
}

/**
 * What the person allows managers to have done beyond nudging: `{"manager": ["worker_session.stop"]}`. A missing or
 * unreadable file allows nothing; a row in the ledger never does.
 */
export function readUserPermissions(variables: Variables): ReadonlySet<string> {
  try {
    return new Set(permissionFile.parse(JSON.parse(readFileSync(permissionFilePath(variables), 'utf8'))).manager);
  } catch {
    return new Set();
  }
}
