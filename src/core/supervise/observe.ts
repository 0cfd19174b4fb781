import { type BusyWait, classifyBusyWait } from '../codex/classifyPane.ts';
import { findCodexProcess } from '../codex/codexProcess.ts';
import { dialogFingerprint } from '../codex/dialogFingerprint.ts';
import { recogniseScreen } from '../codex/screens.ts';
import { ConveyorError } from '../domain/errors.ts';
import type { Dialog } from '../domain/screen.ts';
import type { Connection } from '../ledger/connection.ts';
import { type Observation, type PaneView, storeObservation, type StoredLook } from '../ledger/observationStore.ts';
import { findPanelSession, type PanelSession } from '../ledger/panelSessionStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import type { PaneSnapshot } from '../tmux/pane.ts';
import type { PaneReader } from '../tmux/paneRounds.ts';
import { readStyledRows } from '../tmux/styledText.ts';

export interface ObserveDependencies {
  readonly ledger: Connection;
  readonly clock: Clock;
  readonly host: HostFacts;
  /** The server at a recorded socket, or the caller's own when none was recorded. */
  readonly tmuxAt: (socket: string | null) => PaneReader;
}

/** A look, and the text that was on the screen; the text never goes into the ledger. */
export interface Look {
  readonly observation: Observation;
  readonly text: string | null;
  readonly title: string;
}

/**
 * Looks at a session's process and pane. For callers outside every sandbox only: from inside, what lives looks dead.
 * Trouble with tmux is part of what is seen and never thrown.
 */
export async function lookAtSession(deps: ObserveDependencies, session: Session): Promise<Look> {
  const panel = findPanelSession(deps.ledger, session.id);
  const seen = await lookAtPane(deps, session, panel);
  const { alive, reason } = liveness(deps.host, session, panel, seen);
  return {
    observation: { alive, reason, pane: seen.view },
    text: seen.text,
    title: seen.snapshot?.pane.title ?? '',
  };
}

export interface Observed extends StoredLook {
  readonly title: string;
  readonly alive: boolean | null;
}

/** Looks and keeps what was seen, for those who can't look. */
export async function observeSession(
  deps: ObserveDependencies,
  session: Session,
  observedBy: string,
): Promise<Observed> {
  const { observation, title } = await lookAtSession(deps, session);
  const stored = storeObservation(deps.ledger, session.id, observation, { observedBy, at: deps });
  return { ...stored, title, alive: observation.alive };
}

interface PaneSeen {
  readonly view: PaneView;
  readonly snapshot: PaneSnapshot | null;
  readonly text: string | null;
  /** tmux says for certain that the pane is not there. */
  readonly isGone: boolean;
}

async function lookAtPane(deps: ObserveDependencies, session: Session, panel: PanelSession | null): Promise<PaneSeen> {
  if (session.tmux_session === null) {
    const problem = `session '${session.name}' has no tmux session attached`;
    return { view: blindView(problem, false), snapshot: null, text: null, isGone: false };
  }
  const tmux = deps.tmuxAt(panel?.tmux_socket ?? null);
  const paneId = panel?.pane_id ?? session.tmux_pane_id;
  try {
    const pane = await tmux.findPane({ session: session.tmux_session, paneId });
    return seenPane(await tmux.snapshot(pane.paneId));
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    const problem = `tmux capture failed: ${error.message}`;
    return { view: blindView(problem, true), snapshot: null, text: null, isGone: error.code === 'tmux_not_running' };
  }
}

function seenPane(snapshot: PaneSnapshot): PaneSeen {
  const { title } = snapshot.pane;
  const rows = readStyledRows(snapshot.styled);
  const text = rows.map((row) => row.text).join('\n');
  const screen = recogniseScreen({ pane: rows, title });
  const patternAt = (statusAgeSeconds: number | null): BusyWait | null =>
    classifyBusyWait({ text, title, statusAgeSeconds, busyWaitSeconds: 1 });
  const view: PaneView = {
    captured: true,
    problem: null,
    expected: true,
    screen: screen.class,
    dialog: screen.dialog?.class ?? null,
    question: screen.dialog === null ? null : questionOf(screen.dialog),
    notice: screen.notice,
    pattern: { fresh: patternAt(0), old: patternAt(Number.MAX_SAFE_INTEGER), unknown: patternAt(null) },
  };
  return { view, snapshot, text, isGone: false };
}

/** A patch can fill the screen; whoever answers reads the rest there. */
const MOST_WORDS = 4000;

function questionOf(dialog: Dialog): NonNullable<PaneView['question']> {
  const options = dialog.options.map(({ number, label }) => ({ number, label }));
  return { text: dialog.text.slice(0, MOST_WORDS), options, fingerprint: dialogFingerprint(dialog) };
}

/** A pane that nobody could look at. */
export function blindView(problem: string, expected: boolean): PaneView {
  return {
    captured: false,
    problem,
    expected,
    screen: null,
    dialog: null,
    question: null,
    notice: null,
    pattern: { fresh: null, old: null, unknown: null },
  };
}

type Liveness = Pick<Observation, 'alive' | 'reason'>;

/** A process number alone proves nothing: it is given out again, and its pane may be gone (OD-46). */
function liveness(host: HostFacts, session: Session, panel: PanelSession | null, seen: PaneSeen): Liveness {
  const dead = (reason: string): Liveness => ({ alive: false, reason });
  if (seen.isGone) return dead(`tmux session '${session.tmux_session}' is gone`);
  if (seen.snapshot?.pane.isDead === true) return dead('the program in its pane has ended');
  const { pid } = session;
  if (pid === null) return livenessOfPane(host, seen);
  if (panel?.boot_id != null && panel.boot_id !== host.bootId)
    return dead('the machine was restarted since it was registered');
  const { isAlive, startTime: start } = host.standing(pid);
  if (!isAlive) return dead(`process ${pid} has ended`);
  if (panel?.process_start != null && start !== null && start !== panel.process_start)
    return dead(`process ${pid} is another one by now`);
  return { alive: true, reason: `process ${pid} lives` };
}

function livenessOfPane(host: HostFacts, { snapshot, view }: PaneSeen): Liveness {
  if (snapshot === null) {
    const reason = view.expected ? 'its pane cannot be looked at' : 'it has neither a process nor a pane of its own';
    return { alive: null, reason };
  }
  const found = findCodexProcess(host, snapshot.pane);
  if (found.kind === 'absent') return { alive: false, reason: 'no Codex runs in its pane' };
  return { alive: true, reason: `Codex runs in its pane as process ${found.pid}` };
}
