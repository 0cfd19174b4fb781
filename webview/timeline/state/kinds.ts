export interface KindLook {
  readonly title: string;
  /** `milestone` stands out, `step` is the rule, `mechanics` is hidden until asked for. */
  readonly weight: 'milestone' | 'step' | 'mechanics';
}

const looks: Readonly<Record<string, KindLook>> = {
  command: { title: 'Command', weight: 'step' },
  task_created: { title: 'Task created', weight: 'step' },
  user_message: { title: 'Message', weight: 'step' },
  turn_completed: { title: 'Turn completed', weight: 'step' },
  turn_aborted: { title: 'Turn aborted', weight: 'step' },
  model_error: { title: 'Model error', weight: 'step' },
  handoff: { title: 'Handoff', weight: 'step' },
  finish: { title: 'Task finished', weight: 'milestone' },
  command_attempt: { title: 'Dispatch attempt', weight: 'mechanics' },
  routed_notification: { title: 'Notification', weight: 'step' },
  correlation_chain: { title: 'Chain', weight: 'mechanics' },
  decision: { title: 'Decision', weight: 'milestone' },
  acknowledgement: { title: 'Acknowledgement', weight: 'step' },
  continuation: { title: 'Continuation', weight: 'step' },
  continuation_review: { title: 'Review', weight: 'step' },
  epilogue: { title: 'Epilogue', weight: 'step' },
  acceptance_criterion: { title: 'Criterion', weight: 'milestone' },
  observe: { title: 'Observation', weight: 'step' },
  manager_cycle_span: { title: 'Cycle phase', weight: 'mechanics' },
  capture: { title: 'Screen', weight: 'step' },
  transcript_segment: { title: 'Transcript', weight: 'step' },
};

/** How something is done, rather than that it was: what the ledger keeps around each side effect. */
const mechanics = /^pane_|_(?:intent|verified|attempted|recorded)$/;

/** An unknown kind is shown like any step, under its own name. */
export function kindLook(kind: string): KindLook {
  return looks[kind] ?? { title: kind.replaceAll('_', ' '), weight: mechanics.test(kind) ? 'mechanics' : 'step' };
}

/** Kinds whose summary says their state already. */
export function saysItsState(kind: string): boolean {
  return kind === 'observe' || kind === 'decision' || kind === 'acceptance_criterion';
}

/** How a state is marked; null needs no mark. */
export function stateMark(state: string | null): 'ok' | 'bad' | 'open' | null {
  switch (state) {
    case null:
      return null;
    case 'succeeded':
    case 'satisfied':
    case 'delivered':
    case 'consumed':
    case 'seen':
    case 'answered':
    case 'completed':
      return 'ok';
    case 'failed':
    case 'blocked':
    case 'abandoned':
    case 'undelivered':
    case 'uncertain':
      return 'bad';
    default:
      return 'open';
  }
}
