import type { ContextKey } from './ids.ts';
import type { PanelModel } from './model.ts';

export type KeyValue = string | boolean;

/** What each context key is for what the model knows. */
export function contextValues(model: PanelModel): Readonly<Record<ContextKey, KeyValue>> {
  const engines = model.folders.map(({ engine }) => engine.kind);
  const knows = engines.length > 0 && engines.every((kind) => kind === 'ready');
  const has = (kinds: readonly string[]) => model.problems.some(({ item }) => kinds.includes(item.kind));
  return {
    engine: engineWord(engines),
    noTasks: knows && model.tasks.length === 0,
    noSessions: knows && model.sessions.length === 0,
    noCriteria: knows && model.criteria.length === 0,
    noTmux: has(['no_tmux']),
    noCodex: has(['no_codex']),
    otherWindowLeads: has(['other_window_leads']),
    ledgerRefused: has([
      'ledger_invalid',
      'ledger_newer',
      'state_root_unwritable',
      'runtime_unsupported',
      'engine_failed',
    ]),
  };
}

/** The best of several folders: one that works is enough to work with. */
function engineWord(engines: readonly string[]): string {
  return ['ready', 'failed', 'starting'].find((word) => engines.includes(word)) ?? 'off';
}
