/**
 * Shell functions that print the names in the ledger, one a line. They ask only a ledger that is there: a completion must
 * not create one. Understood by bash and zsh.
 */
export function ledgerQueries(prefix: string): string {
  return `${prefix}_has_ledger() {
  [[ -f "\${WORKERCTL_STATE_ROOT:-.codex-workers}/workerctl.db" ]]
}

${prefix}_tasks() {
  ${prefix}_has_ledger && conveyor tasks --active 2>/dev/null | cut -f1
}

${prefix}_sessions() {
  ${prefix}_has_ledger && conveyor sessions 2>/dev/null | sed -n '${sessionName}'
}
`;
}

/** What \`sessions\` prints is JSON with one key a line. */
export const sessionName = String.raw`s/^    "name": "\([^"\\]*\)",\{0,1\}$/\1/p`;
