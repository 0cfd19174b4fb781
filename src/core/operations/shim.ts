import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { refuse } from '../domain/errors.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import type { Variables } from './operationContext.ts';
import { isUsualName, shimFolder } from './shimFolder.ts';
import { makeFolder } from '../ports/makeFolder.ts';

/** What runs the command line: a Node 22.15 or newer, or an Electron that acts as one. */
export interface ShimRuntime {
  readonly executable: string;
  readonly isElectron: boolean;
  /** Absolute path of `dist/cli.js`. */
  readonly cli: string;
}

export interface Shim {
  /** The folder to put on PATH. */
  readonly folder: string;
  /** Absolute path of `conveyor`, as prompts name it. */
  readonly command: string;
}

/**
 * Writes `conveyor` and `workerctl` for one ledger, in the user's own folder: not in a workspace, where an agent could
 * change what people run, and not in /tmp. Atomic; rewritten only when something in it changed.
 *
 * Throws `state_root_unwritable`.
 */
export function writeShim(ledgerFile: string, runtime: ShimRuntime, variables: Variables): Shim {
  const folder = shimFolder(ledgerFile, variables);
  try {
    makeFolder(folder);
    for (const name of ['conveyor', 'workerctl'])
      replaceFile(join(folder, name), shimScript(name, ledgerFile, runtime));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw refuse(
      'state_root_unwritable',
      `cannot write the command line's shim to ${folder} (${code}); set XDG_DATA_HOME to a writable folder`,
      {
        cause: error,
      },
    );
  }
  return { folder, command: join(folder, 'conveyor') };
}

/** A `sh` script without anything of the caller's environment but its arguments. */
export function shimScript(name: string, ledgerFile: string, { executable, isElectron, cli }: ShimRuntime): string {
  const start = `exec ${quoteForShell(executable)} ${quoteForShell(cli)}`;
  return [
    '#!/bin/sh',
    '# Written by Agent Conveyor; it is written again when the editor or the ledger moves.',
    `export WORKERCTL_STATE_ROOT=${quoteForShell(dirname(ledgerFile))}`,
    `export CONVEYOR_CLI_PROG=${name}`,
    ...(isElectron ? ['export ELECTRON_RUN_AS_NODE=1'] : []),
    `if [ ! -x ${quoteForShell(executable)} ]; then`,
    `  echo "${name}: the editor that wrote this command is gone; open the folder in the editor once more" >&2`,
    '  exit 1',
    'fi',
    // A file of another name is not found by its folder; a --path that was typed comes later, and wins.
    ...(isUsualName(ledgerFile)
      ? []
      : [
          `case "\${1--}" in -*) ;; *) verb=$1; shift; ${start} "$verb" --path ${quoteForShell(ledgerFile)} "$@" ;; esac`,
        ]),
    `${start} "$@"`,
    '',
  ].join('\n');
}

function replaceFile(file: string, content: string): void {
  if (readOrNull(file) === content) return;
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, content, { mode: 0o700 });
  chmodSync(draft, 0o700);
  renameSync(draft, file);
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
