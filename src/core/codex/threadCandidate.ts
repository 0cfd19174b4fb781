/** Ways of finding out which thread a running Codex has. Each is sure to a degree; `docs/adr/0004` has the order. */
export const discoveryStrategies = [
  'explicit_path',
  'open_rollout',
  'writer_lock',
  'own_environment',
  'pane_title',
  'status_screen',
  'app_server',
  'folder_and_time',
] as const;
export type DiscoveryStrategy = (typeof discoveryStrategies)[number];

export interface ThreadCandidate {
  /** The thread id; for `pane_title` its first characters. */
  readonly threadId: string;
  /** Null while Codex has not written the file. */
  readonly rolloutPath: string | null;
  /** The process that holds it. */
  readonly pid: number | null;
  readonly strategy: DiscoveryStrategy;
  readonly confidence: 'certain' | 'likely';
  readonly reason: string;
}

/** The one thread that a Codex has, or why it can't be said. Nothing is guessed between several. */
export type DiscoveryVerdict =
  | { readonly kind: 'found'; readonly candidate: ThreadCandidate }
  | { readonly kind: 'ambiguous'; readonly candidates: readonly ThreadCandidate[] }
  | { readonly kind: 'none' };
