import { basename } from 'node:path';
import type { HostFacts } from '../ports/hostFacts.ts';

/** What tmux says about a pane, as far as it is needed here. */
export interface PaneFacts {
  readonly pid: number;
  readonly isDead: boolean;
  /** Name of the foreground program. */
  readonly currentCommand: string;
}

/** The Codex process of a pane, and whether the keyboard goes to it. */
export type PaneProcess =
  | {
      readonly kind: 'codex';
      readonly pid: number;
      readonly startTime: string | null;
      /** False for a script that only goes by the name of Codex: it reads lines and knows nothing of pasting. */
      readonly isNative: boolean;
    }
  /** Codex lives there but is stopped or in the background: keys would reach the shell. */
  | { readonly kind: 'background'; readonly pid: number }
  | { readonly kind: 'absent' };

/**
 * Finds Codex in the process tree of a pane (OD-37). The native program counts, else a script of that name; a
 * launcher of npm (`node …/codex`) only stands for itself when it has no native child. Its servers don't count.
 */
export function findCodexProcess(host: HostFacts, pane: PaneFacts): PaneProcess {
  if (pane.isDead) return { kind: 'absent' };
  const found = codexProcesses(host, pane.pid);
  const chosen = found.find((one) => one.isNative) ?? found.at(-1);
  if (chosen === undefined || !host.isAlive(chosen.pid)) return { kind: 'absent' };
  const names = new Set(found.map((one) => one.name));
  const isInForeground = pane.currentCommand === '' || [...names].some((name) => isCutName(pane.currentCommand, name));
  if (!isInForeground) return { kind: 'background', pid: chosen.pid };
  return { kind: 'codex', pid: chosen.pid, startTime: host.startTime(chosen.pid), isNative: chosen.isNative };
}

/** The process and all below it, nearest first; Codex's own background servers and what hangs under them left out. */
export function sessionProcesses(host: HostFacts, root: number): readonly number[] {
  const found: number[] = [];
  const queue = [root];
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
    if (found.includes(pid) || isBackgroundServer(host.commandLine(pid))) continue;
    found.push(pid);
    queue.push(...host.children(pid));
  }
  return found;
}

interface CodexProcess {
  readonly pid: number;
  readonly isNative: boolean;
  /** Name of the executable, as tmux reports a pane's foreground program. */
  readonly name: string;
}

function codexProcesses(host: HostFacts, root: number): readonly CodexProcess[] {
  return sessionProcesses(host, root).flatMap((pid): CodexProcess[] => {
    const [program = '', script = ''] = host.commandLine(pid);
    if (isCodexName(program)) return [{ pid, isNative: true, name: basename(program) }];
    if (INTERPRETER.test(basename(program)) && isCodexName(script))
      return [{ pid, isNative: false, name: basename(program) }];
    return [];
  });
}

const INTERPRETER = /^-?(?:node|bun|deno|bash|sh|dash|zsh|python[\d.]*|env)$/;

function isCodexName(file: string): boolean {
  return /^codex(?:\.js|\.exe|-(?:x86_64|aarch64)-[\w-]+)?$/.test(basename(file));
}

/** The server that all sessions of a home share holds everyone's files, whoever happened to start it (facts, section 2). */
export function isBackgroundServer(commandLine: readonly string[]): boolean {
  return commandLine.slice(1, 4).includes('app-server');
}

/** Systems cut the name of a program, some to 15 characters. */
function isCutName(cut: string, name: string): boolean {
  return cut === name || (cut.length >= 15 && name.startsWith(cut));
}
