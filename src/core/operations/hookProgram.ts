import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from '../domain/errors.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import type { Variables } from './operationContext.ts';
import { shimFolder } from './shimFolder.ts';
import { makeFolder } from '../ports/makeFolder.ts';

/** Where Codex's hooks leave their reports for the supervisor of one ledger: out of every sandbox's reach. */
export function signalFolder(ledgerFile: string, variables: Variables): string {
  return join(shimFolder(ledgerFile, variables), 'signals');
}

export function hookProgramPath(ledgerFile: string, variables: Variables): string {
  return join(shimFolder(ledgerFile, variables), 'codex-hook');
}

/** So many reports wait at most: without a supervisor nobody takes them away. */
const mostWaiting = 500;

/**
 * What Codex runs at its hooks and after turns: it puts the report into a file and ends. No Node starts, no ledger is
 * opened, and nothing is said: Codex waits for it, and takes what a hook prints for an order. A former `notify` is run
 * afterwards, as it was.
 */
export function hookScript(folder: string): string {
  return [
    '#!/bin/sh',
    '# Written by Agent Conveyor ("conveyor install-hooks"; "--remove" takes it out again).',
    'umask 077',
    `folder=${quoteForShell(folder)}`,
    'keep() {',
    // Read to its end, kept or not: whoever writes it must not find the pipe closed.
    '  [ -d "$folder" ] || { cat > /dev/null; return 0; }',
    `  set -- "$folder"/*.json`,
    `  [ "$#" -gt ${mostWaiting} ] && { cat > /dev/null; return 0; }`,
    '  name="$folder/$$-$(date +%s)"',
    '  cat > "$name.part" && mv "$name.part" "$name.json"',
    '}',
    'if [ "$1" = notify ]; then',
    '  shift',
    '  for report; do :; done',
    `  printf '%s' "$report" | keep > /dev/null 2>&1`,
    '  [ "$#" -gt 1 ] && exec "$@"',
    '  exit 0',
    'fi',
    'keep > /dev/null 2>&1',
    'exit 0',
    '',
  ].join('\n');
}

/** Writes it, and the folder for its reports; nothing when both are there. */
export function writeHookProgram(ledgerFile: string, variables: Variables): string {
  const program = hookProgramPath(ledgerFile, variables);
  const folder = signalFolder(ledgerFile, variables);
  try {
    makeFolder(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw refuse(
      'state_root_unwritable',
      `cannot make ${folder} (${code}), where hooks leave their reports; check its permissions, or set XDG_DATA_HOME`,
      { cause: error },
    );
  }
  const script = hookScript(folder);
  if (readOrNull(program) === script) return program;
  const draft = `${program}.${process.pid}.new`;
  writeFileSync(draft, script, { mode: 0o700 });
  chmodSync(draft, 0o700);
  renameSync(draft, program);
  return program;
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
