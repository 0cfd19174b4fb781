import type { SessionView } from './snapshot.ts';

/**
 * Arguments of tmux that attach to exactly this session: on the server it was found on, and never to another whose
 * name merely begins the same (`target` starts with `=`). Watching is read-only in tmux itself.
 */
export function attachArguments(
  { socketPath, target }: NonNullable<SessionView['terminal']>,
  access: 'takeOver' | 'watch',
): readonly string[] {
  return [
    '-u',
    // Recorded as it was given: `$CONVEYOR_TMUX_SOCKET` and the setting may be a name.
    ...(socketPath === null ? [] : [socketPath.includes('/') ? '-S' : '-L', socketPath]),
    'attach-session',
    ...(access === 'watch' ? ['-r'] : []),
    '-t',
    target,
  ];
}
