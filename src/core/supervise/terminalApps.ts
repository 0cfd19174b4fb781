import { refuse } from '../domain/errors.ts';
import { shellCommand } from '../domain/shellQuote.ts';

/** Terminals of macOS in which a session can be opened. */
export const terminalApps = ['ghostty', 'iterm2', 'terminal'] as const;
export type TerminalApp = (typeof terminalApps)[number];

export interface Launch {
  readonly file: string;
  readonly argv: readonly string[];
}

/** How the app opens a window in which the command runs. Pure. */
export function terminalLaunch(app: TerminalApp, command: readonly string[]): Launch {
  // Terminal types the line, and a control character would end it early.
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  if (command.some((word) => /[\u0000-\u001f\u007f]/u.test(word))) {
    throw refuse('invalid_value', 'the name of the terminal holds a control character; rename its tmux session');
  }
  switch (app) {
    case 'ghostty':
      // What follows -e is the program and its arguments, which no shell reads.
      return { file: 'open', argv: ['-na', 'Ghostty.app', '--args', '-e', ...command] };
    case 'iterm2':
      return script('iTerm2', ['create window with default profile command (item 1 of argv)'], shellCommand(command));
    case 'terminal':
      return script('Terminal', ['do script (item 1 of argv)'], `exec ${shellCommand(command)}`);
    default:
      return app satisfies never;
  }
}

/** The command is an argument of the script and never part of its text: there is nothing to escape. */
function script(application: string, lines: readonly string[], command: string): Launch {
  const text = ['on run argv', `tell application "${application}"`, 'activate', ...lines, 'end tell', 'end run'];
  return { file: 'osascript', argv: [...text.flatMap((line) => ['-e', line]), command] };
}

/** The app that `auto` means: Ghostty where it is installed, else Terminal, which always is. */
export function usualTerminalApp(home: string, exists: (path: string) => boolean): TerminalApp {
  const places = ['/Applications', `${home}/Applications`];
  return places.some((folder) => exists(`${folder}/Ghostty.app`)) ? 'ghostty' : 'terminal';
}
