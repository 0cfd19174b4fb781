import { refuse } from '../domain/errors.ts';
import type { Pane } from './pane.ts';
import type { PaneInput, PaneKey } from './paneInput.ts';
import type { NewTmuxSession, Tmux } from './tmux.ts';
import { tmuxNotRunning } from './tmuxCommand.ts';

type Press = { readonly paneId: string; readonly text: string } | { readonly paneId: string; readonly key: PaneKey };

/**
 * A tmux server in memory, and the hand that types into it. Each pane holds a composer as Codex draws it; Enter moves
 * the draft to `submitted`. Whatever else a test needs it draws with `show`.
 */
export class FakeTmux implements Tmux, PaneInput {
  readonly prefix = ['tmux'];
  readonly presses: Press[] = [];
  readonly made: NewTmuxSession[] = [];
  #panes: FakePane[] = [];
  #serial = 0;

  /** Adds a session with one pane whose program is that process. */
  add(session: string, facts: Partial<Pane> = {}): FakePane {
    const pane = new FakePane(session, `%${this.#serial}`, facts);
    this.#serial += 1;
    this.#panes = [...this.#panes, pane];
    return pane;
  }

  hasSession(name: string): Promise<boolean> {
    return Promise.resolve(this.#panes.some(({ session }) => session === name));
  }

  async newSession(spec: NewTmuxSession): Promise<Pane> {
    if (await this.hasSession(spec.name)) throw refuse('tmux_exists', `tmux refused: duplicate session: ${spec.name}`);
    this.made.push(spec);
    return this.add(spec.name).facts();
  }

  listPanes(session?: string): Promise<readonly Pane[]> {
    const chosen = this.#panes.filter((pane) => session === undefined || pane.session === session);
    return Promise.resolve(chosen.map((pane) => pane.facts()));
  }

  async findPane({ session, paneId }: { session: string; paneId: string | null }): Promise<Pane> {
    const panes = await this.listPanes(session);
    const found = panes.find((pane) => paneId === null || pane.paneId === paneId);
    if (found === undefined) throw tmuxNotRunning(session);
    return found;
  }

  capture(paneId: string): Promise<string> {
    return Promise.resolve(this.pane(paneId).draw());
  }

  snapshot(paneId: string): Promise<{ pane: Pane; styled: string }> {
    const pane = this.pane(paneId);
    return Promise.resolve({ pane: pane.facts(), styled: pane.draw() });
  }

  keepDeadPane(): Promise<void> {
    return Promise.resolve();
  }

  killSession(name: string): Promise<boolean> {
    const before = this.#panes.length;
    this.#panes = this.#panes.filter(({ session }) => session !== name);
    return Promise.resolve(this.#panes.length < before);
  }

  environmentNames(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  display(): Promise<string> {
    return Promise.resolve('');
  }

  paste(paneId: string, text: string): Promise<void> {
    this.presses.push({ paneId, text });
    this.pane(paneId).draft += text;
    this.pane(paneId).onPaste(text);
    return Promise.resolve();
  }

  pressKey(paneId: string, key: PaneKey): Promise<void> {
    this.presses.push({ paneId, key });
    this.pane(paneId).press(key);
    return Promise.resolve();
  }

  leaveCopyMode(paneId: string): Promise<void> {
    this.pane(paneId).set({ isInMode: false });
    return Promise.resolve();
  }

  /** Throws `tmux_not_running` for a pane that is gone. */
  pane(paneId: string): FakePane {
    const found = this.#panes.find((pane) => pane.paneId === paneId);
    if (found === undefined) throw tmuxNotRunning(paneId);
    return found;
  }
}

export class FakePane {
  readonly session: string;
  readonly paneId: string;
  draft = '';
  readonly submitted: string[] = [];
  /** Called with each message that Enter sends: to write a rollout, or to change the screen. */
  onSubmit: (text: string) => void = () => {};
  /** Called with what is pasted: to draw it where no composer is drawn. */
  onPaste: (text: string) => void = () => {};
  #facts: Partial<Pane>;
  #screen: string | null = null;

  constructor(session: string, paneId: string, facts: Partial<Pane>) {
    this.session = session;
    this.paneId = paneId;
    this.#facts = facts;
  }

  set(facts: Partial<Pane>): void {
    this.#facts = { ...this.#facts, ...facts };
  }

  /** Draws something else than the composer; null draws the composer again. */
  show(screen: string | null): void {
    this.#screen = screen;
    this.set({ isCursorVisible: screen === null });
  }

  press(key: PaneKey): void {
    if (key === 'C-u') this.draft = '';
    if (key !== 'Enter' || this.#screen !== null || this.draft === '') return;
    const text = this.draft.trim();
    this.draft = '';
    this.submitted.push(text);
    this.onSubmit(text);
  }

  draw(): string {
    if (this.#screen !== null) return this.#screen;
    const draft = this.draft === '' ? ['\u001B[2mAsk Codex to do anything\u001B[0m'] : this.draft.split('\n');
    const composer = draft.map((line, at) => `${at === 0 ? '\u001B[1m›\u001B[0m ' : '  '}${line}`);
    return ['', ...composer, '', '  model default · /work', '  ← for agents · ? for shortcuts'].join('\n');
  }

  facts(): Pane {
    const row = this.draft === '' ? 1 : this.draft.split('\n').length;
    return {
      paneId: this.paneId,
      sessionName: this.session,
      pid: 100,
      isActive: true,
      isDead: false,
      exitStatus: null,
      isInMode: false,
      width: 160,
      height: 48,
      cursorColumn: 2,
      cursorRow: row,
      isCursorVisible: true,
      tty: '/dev/pts/1',
      currentCommand: 'codex',
      title: '',
      serverPid: 1,
      socketPath: '/tmp/tmux-0/default',
      windowActiveAt: 0,
      ...this.#facts,
    };
  }
}
