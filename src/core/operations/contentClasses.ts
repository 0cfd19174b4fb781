import { refuse } from '../domain/errors.ts';
import { maskValue } from '../domain/maskSecrets.ts';
import { flag } from './argument.ts';
import { isOperationName, type OperationName } from './registry.ts';

/**
 * Who reads what a verb prints.
 *
 * - `working`: the person and the agents at work. Content is shown.
 * - `listing`: the same, as a record of what was said. Content is shown, but for what looks like a secret.
 * - `shareable`: anybody. Content only with `--include-content`, and then without what looks like a secret.
 *
 * A new verb does not compile until somebody has decided.
 */
type ContentClass = 'working' | 'listing' | 'shareable';

export const contentClasses: Readonly<Record<OperationName, ContentClass>> = {
  approve: 'working',
  audit: 'shareable',
  bind: 'working',
  capture: 'shareable',
  classify: 'working',
  commands: 'listing',
  'compact-worker': 'working',
  confirm: 'working',
  continuation: 'working',
  'continuation-reviewer': 'working',
  create: 'working',
  'create-disposable-binding': 'working',
  criteria: 'working',
  'criteria-plan': 'working',
  cycle: 'working',
  dashboard: 'working',
  'db-doctor': 'shareable',
  deny: 'working',
  deregister: 'working',
  discover: 'working',
  dispatch: 'working',
  divergences: 'listing',
  doctor: 'shareable',
  'doctor-self': 'shareable',
  'enqueue-continue-iteration': 'working',
  'enqueue-notify-manager': 'working',
  'enqueue-nudge-worker': 'working',
  epilogue: 'working',
  events: 'listing',
  'export-task': 'shareable',
  'finish-task': 'working',
  handoff: 'working',
  'idle-check': 'working',
  'import-compat': 'working',
  ingest: 'working',
  'install-hooks': 'working',
  'install-skills': 'working',
  interrupt: 'working',
  list: 'working',
  'loop-evidence': 'working',
  'loop-status': 'working',
  'loop-templates': 'working',
  'loop-triggers': 'working',
  'manager-ack': 'working',
  'manager-config': 'working',
  'manager-inbox': 'working',
  'manager-permission': 'working',
  'mark-read': 'working',
  'mutation-audit': 'shareable',
  nudge: 'working',
  open: 'working',
  'open-manager': 'working',
  'open-worker': 'working',
  pair: 'working',
  prune: 'shareable',
  'qa-plan': 'working',
  'qa-run': 'working',
  'ralph-loop-presets': 'working',
  reconcile: 'shareable',
  'record-decision': 'working',
  'register-manager': 'working',
  'register-worker': 'working',
  replay: 'shareable',
  'request-worker-compact': 'working',
  resume: 'working',
  runs: 'working',
  'session-inbox': 'working',
  'session-interrupt': 'working',
  'session-nudge': 'working',
  sessions: 'working',
  start: 'working',
  'start-manager': 'working',
  'start-test': 'working',
  'start-worker': 'working',
  status: 'working',
  stop: 'working',
  'stop-task': 'working',
  tail: 'shareable',
  tasks: 'working',
  telemetry: 'shareable',
  'transcript-capture': 'shareable',
  'transcript-prune': 'shareable',
  'transcript-show': 'shareable',
  unbind: 'working',
  'update-status': 'working',
  'worker-ack': 'working',
  'worker-inbox': 'working',
};

/** The two flags of every shareable verb that has content. */
export const contentFlags = {
  includeContent: flag('show messages, terminal screens and other words instead of their size'),
  raw: flag('with --include-content: also what looks like a key, a token, a password or a cookie'),
};

/** Of a verb that shows content anyway. */
export const rawFlag = flag('show what looks like a key, a token, a password or a cookie too');

/** Secrets without the words around them are nothing that anybody asks for. Throws `usage`. */
export function refuseLoneRaw({ raw, includeContent }: Readonly<Record<string, unknown>>): void {
  if (raw === true && includeContent === false) throw refuse('usage', '--raw needs --include-content');
}

/** An answer as those may see it whom the verb speaks to: known shapes of secrets go, unless `--raw`. */
export function masked(name: string, output: unknown, { raw }: Readonly<Record<string, unknown>>): unknown {
  return raw === true || !speaksToOthers(name) ? output : maskValue(output);
}

function speaksToOthers(name: string): boolean {
  return isOperationName(name) && contentClasses[name] !== 'working';
}
