import type { Candidate, ControlInput, DashboardControl, TerminalAccess } from '../../src/protocol/dashboard.ts';
import type { OpenDialog } from './dashboardState.ts';

/** What the parts of the page can have done. */
export interface DashboardActions {
  run<Name extends DashboardControl>(control: Name, input: ControlInput<Name>): void;
  openTerminal(session: string, access: TerminalAccess): void;
  closeTerminal(session: string): void;
  terminalSaid(session: string, notice: string | null): void;
  openDialog(dialog: OpenDialog): void;
  closeDialog(): void;
  chooseTask(task: string): void;
}

/** What dialogs ask for when they open. */
export interface DialogFacts {
  readonly candidates: readonly Candidate[] | null;
  readonly obstacles: readonly string[] | null;
}
