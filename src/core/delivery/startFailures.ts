import type { CodexBinary } from '../codex/codexVersion.ts';
import type { ThreadCandidate } from '../codex/threadCandidate.ts';
import { refuse, type ConveyorError } from '../domain/errors.ts';
import type { PaneSnapshot } from '../tmux/pane.ts';
import { readComposer } from './composer.ts';
import { isTrustQuestion, readScreen, visibleRows } from './preflight.ts';

/** Codex ended before it was ready. One line; the last screen as a fact too. */
export function exitedEarly(
  tmuxSession: string,
  binary: CodexBinary,
  exitStatus: number | null,
  screen: readonly string[],
): ConveyorError {
  const status = exitStatus === null ? '' : ` with status ${exitStatus}`;
  const said = screen.length === 0 ? 'It said nothing.' : `Its last words: ${screen.slice(-4).join(' / ')}`;
  return refuse(
    'codex_exited',
    `codex ${binary.version.text} in tmux session '${tmuxSession}' ended at once${status}. ${said}`,
    {
      facts: { tmux_session: tmuxSession, exit_status: exitStatus, screen },
    },
  );
}

/** Nobody has signed in for this home: Codex would wait for ever. Its own screen says so, whatever provider is set up. */
export function signedOut(binary: CodexBinary, codexHome: string): ConveyorError {
  return refuse(
    'codex_signed_out',
    `codex ${binary.version.text} is not signed in (its home is ${codexHome}); run "codex login" there and try again`,
  );
}

export interface UnreadyStart {
  readonly request: { readonly role: 'worker' | 'manager'; readonly name: string; readonly timeoutSeconds: number };
  readonly tmuxSession: string;
  readonly tmuxPrefix: readonly string[];
  readonly thread: ThreadCandidate | null;
  readonly snapshot: PaneSnapshot;
}

/** The time is up; Codex runs on for the person to look at, and to register or remove. */
export function timedOut(start: UnreadyStart): ConveyorError {
  const { role, name, timeoutSeconds } = start.request;
  const tmux = start.tmuxPrefix.join(' ');
  const did = start.thread === null ? 'codex did not write session_meta' : 'codex was not ready for input';
  const look = `look at it with "${tmux} attach -t =${start.tmuxSession}"`;
  const register = `register it with "register-${role} --name ${name} --pid <pid> --codex-session <rollout>"`;
  const remove = `remove it with "${tmux} kill-session -t =${start.tmuxSession}"`;
  const message =
    `${did} within ${timeoutSeconds}s in tmux session '${start.tmuxSession}' (${explain(start)}). ` +
    `It is left running: ${look}, ${register}, or ${remove}; "deregister ${name}" frees the name if it was taken`;
  return refuse('codex_timeout', message, {
    facts: { tmux_session: start.tmuxSession, screen: visibleRows(start.snapshot) },
  });
}

function explain({ snapshot, thread }: UnreadyStart): string {
  if (isTrustQuestion(snapshot)) return 'it asks whether to trust the folder; answer it, or start with --accept-trust';
  const { dialog } = readScreen(snapshot);
  if (dialog !== null) return `it waits for an answer to a question: ${dialog.class}`;
  if (thread === null) return 'no rollout or thread lock of this session is open in its processes';
  return readComposer(snapshot).kind === 'none' ? 'its screen shows no composer' : 'its screen kept changing';
}
