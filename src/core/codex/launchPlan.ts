/**
 * How a Codex of a certain version is started so that its thread is known for certain, nothing of it outlives it, and
 * what we hand to it arrives. Pure. What each version needs was observed: docs/codex.md.
 *
 * The first prompt is never here: Codex starts empty, and the prompt is the first verified delivery (CP-18, CP-20).
 */
import { refuse } from '../domain/errors.ts';
import { isAtLeast, type CodexVersion } from './codexVersion.ts';

export interface LaunchOptions {
  /** `--sandbox`; null leaves the choice to the person's configuration. */
  readonly sandbox: string | null;
  /** `--ask-for-approval`; null as above. */
  readonly approval: string | null;
  /** Must be writable from inside the sandbox: the ledger's folder. Absolute. */
  readonly stateRoot: string | null;
  /**
   * PATH for the commands that the model runs. Without it they get the PATH of a login shell, which may begin anew and
   * lose the shim. Null leaves it so.
   */
  readonly toolPath: string | null;
  /** What the person wants added, as it is. */
  readonly extra?: readonly string[];
}

export interface LaunchPlan {
  /** Arguments for the codex binary. */
  readonly argv: readonly string[];
  /** Variables that the process must not see: they belong to whoever started the tmux server or us. */
  readonly isForeignVariable: (name: string) => boolean;
  /** What tells the thread of a session that has not been spoken to. `nothing`: only its first message makes a file. */
  readonly threadShowsBy: 'open_rollout' | 'writer_lock' | 'pane_title' | 'nothing';
}

export function planLaunch(version: CodexVersion, options: LaunchOptions): LaunchPlan {
  if (options.approval === 'untrusted' && isAtLeast(version, 0, 160)) {
    throw refuse(
      'invalid_value',
      `Codex ${version.text} has no approval policy "untrusted"; use "on-request" or "never"`,
    );
  }
  return {
    argv: [
      ...embedded(version),
      ...flag('--sandbox', options.sandbox),
      ...flag('--ask-for-approval', options.approval),
      ...writableRoot(version, options),
      ...title(version),
      ...toolPath(options.toolPath),
      ...(options.extra ?? []),
    ],
    isForeignVariable,
    threadShowsBy: threadShowsBy(version),
  };
}

/**
 * From 0.160 on a server in the background would hold every rollout, pass on the environment of the first TUI to all,
 * and go on working when the TUI is gone. Older versions reject the flag and have no such server.
 */
function embedded(version: CodexVersion): readonly string[] {
  return isAtLeast(version, 0, 160) ? ['--no-daemon'] : [];
}

function flag(name: string, value: string | null): readonly string[] {
  return value === null || value === '' ? [] : [name, value];
}

/**
 * `--add-dir` adds to the person's own list. Up to 0.59 there is only the setting, which replaces it; in between 0.102
 * and 0.139 some versions take the flag and leave the folder read-only all the same (0.120 and 0.130 were seen to, 0.125
 * not), and a ledger that a manager cannot write is worth more than the list.
 */
function writableRoot(version: CodexVersion, { sandbox, stateRoot }: LaunchOptions): readonly string[] {
  if (stateRoot === null || sandbox !== 'workspace-write') return [];
  const knowsFlag = isAtLeast(version, 0, 60) && (isAtLeast(version, 0, 140) || !isAtLeast(version, 0, 102));
  if (knowsFlag) return ['--add-dir', stateRoot];
  return ['-c', `sandbox_workspace_write.writable_roots=[${tomlString(stateRoot)}]`];
}

/** Thread and run state in `#{pane_title}`; without `activity` an approval would show as `Working`. */
function title(version: CodexVersion): readonly string[] {
  return isAtLeast(version, 0, 140) ? ['-c', 'tui.terminal_title=["activity","thread-id","run-state"]'] : [];
}

function toolPath(path: string | null): readonly string[] {
  return path === null ? [] : ['-c', `shell_environment_policy.set.PATH=${tomlString(path)}`];
}

function threadShowsBy(version: CodexVersion): LaunchPlan['threadShowsBy'] {
  if (isAtLeast(version, 0, 147)) return 'writer_lock';
  if (isAtLeast(version, 0, 140)) return 'pane_title';
  // Bisected between 0.80 and 0.92: the file is made at the first message, no more at the start.
  return isAtLeast(version, 0, 81) ? 'nothing' : 'open_rollout';
}

/**
 * npm's settings of whoever ran us; traces of an editor's host, which would turn programs into parts of the editor;
 * and the marks of a surrounding Codex, by which its commands would take themselves for the other session's.
 */
function isForeignVariable(name: string): boolean {
  return (
    /^(?:npm_|NPM_|VSCODE_|ELECTRON_)/u.test(name) ||
    /^CODEX_(?:THREAD_ID|SESSION_ID|TOOL_CALL_ID|CI|SANDBOX\w*|PERMISSION_PROFILE|VERSION|MANAGED_\w+)$/u.test(name) ||
    name === 'PNPM_SCRIPT_SRC_DIR' ||
    name === 'NODE_OPTIONS'
  );
}

/** A TOML basic string: JSON's escapes are a part of TOML's. */
function tomlString(text: string): string {
  return JSON.stringify(text);
}
