import type { ModelErrorKind } from './turnEvent.ts';

/** Dialogs: they have the keyboard, text is swallowed, and Enter takes the marked option. */
export const dialogClasses = [
  'approval_command',
  'approval_patch',
  /** The agent asks for rights of the sandbox. */
  'approval_permission',
  /** The agent asks the person something, with answers to choose from. */
  'question',
  'trust_prompt',
  'update_prompt',
  'sign_in',
  'model_migration',
  'hooks_review',
  'rate_limit_menu',
  'task_still_running_menu',
  'new_worktree_question',
  'daemon_incompatible',
  /** A menu of Codex that is not in the table. */
  'other_menu',
] as const;

export type DialogClass = (typeof dialogClasses)[number];

export type ScreenClass =
  | DialogClass
  | 'blank'
  /** Drawn before Codex is ready: a start-up dialog may still replace it. */
  | 'starting'
  | 'composer_ready'
  | 'busy'
  | 'busy_compacting'
  | 'busy_starting_mcp'
  /** A request to the model failed and is tried again. */
  | 'busy_reconnecting'
  /** The background server is gone: what is typed is not sent. */
  | 'server_lost'
  /** A popup of the composer is open (slash command, file name): Enter completes instead of sending. */
  | 'composer_popup'
  | 'transcript_browsing'
  | 'transcript_pager'
  | 'resume_picker'
  | 'agents_list'
  /** Codex said goodbye; what is typed goes to the shell. */
  | 'exited'
  | 'unknown';

export interface DialogOption {
  readonly number: number;
  readonly label: string;
  readonly isMarked: boolean;
}

export interface Dialog {
  readonly class: DialogClass;
  /** Title, explanation and what is asked about (the command, the files), as drawn. */
  readonly text: string;
  readonly options: readonly DialogOption[];
}

export interface ScreenComposer {
  /** As drawn: long lines are broken where the pane ends. */
  readonly text: string;
  /** Plain text cannot tell a draft from the placeholder, which differs per version and at random. */
  readonly content: 'empty' | 'text' | 'placeholder_or_text';
  /** Codex draws a footer or a popup below. Without, this may be the prompt of another program. */
  readonly hasFooter: boolean;
}

/** The last thing that Codex reported before it waited for input. */
export interface ScreenNotice {
  readonly kind: ModelErrorKind | 'interrupted';
  readonly text: string;
}

export interface Screen {
  readonly class: ScreenClass;
  readonly dialog: Dialog | null;
  readonly composer: ScreenComposer | null;
  readonly notice: ScreenNotice | null;
  /** The line that says what Codex is doing, with its clock. */
  readonly status: string | null;
}

export function hasDialog(screen: Screen): boolean {
  return screen.dialog !== null;
}

export function isBusyScreen({ class: name }: Screen): boolean {
  return name === 'busy' || name === 'busy_compacting' || name === 'busy_starting_mcp' || name === 'busy_reconnecting';
}
