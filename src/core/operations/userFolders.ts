import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Variables } from './operationContext.ts';

/**
 * Where the person's own settings are: outside every workspace. A variable that is empty or relative counts for nothing:
 * it would lead into the folder that agents work in.
 */
export function userConfigFolder({ XDG_CONFIG_HOME, HOME }: Variables): string {
  return absolute(XDG_CONFIG_HOME) ?? join(absolute(HOME) ?? homedir(), '.config');
}

/** Where what is made for the person is, under the same rule. */
export function userDataFolder({ XDG_DATA_HOME, HOME }: Variables): string {
  const given = absolute(XDG_DATA_HOME);
  if (given !== null) return given;
  const inHome = process.platform === 'darwin' ? ['Library', 'Application Support'] : ['.local', 'share'];
  return join(absolute(HOME) ?? homedir(), ...inHome);
}

/** Codex's own folder for this caller: never what a row says. */
export function codexHomeOf({ CODEX_HOME, HOME }: Variables): string {
  return CODEX_HOME || join(absolute(HOME) ?? homedir(), '.codex');
}

function absolute(path: string | undefined): string | null {
  return path !== undefined && isAbsolute(path) ? path : null;
}
