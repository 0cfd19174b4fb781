interface Topic {
  readonly title: string;
  readonly about: string;
  /** In the order in which somebody needs them. */
  readonly verbs: readonly string[];
}

/** What `conveyor help` is divided into. A verb that is nowhere here is listed at the end. */
export const topics: Readonly<Record<string, Topic>> = {
  agents: {
    title: 'Sessions',
    about:
      'A session is a running Codex in a tmux pane, a worker or a manager, under a name. Start one, or register one that runs already. A name is free again once it is deregistered.',
    verbs: words(
      'start-worker start-manager register-worker register-manager start resume sessions discover deregister stop',
    ),
  },
  work: {
    title: 'Tasks and bindings',
    about:
      'A task is what is to be done. A binding ties one worker and one manager to it. "pair" makes all of it in one step; "finish-task" ends it once every gate that is asked for is open.',
    verbs: words('pair tasks bind unbind create-disposable-binding handoff runs finish-task stop-task'),
  },
  contract: {
    title: 'Contract',
    about:
      'What the manager is asked for and allowed, what counts as done, and what both sides have acknowledged. Criteria are proposed, accepted, then satisfied with proof, deferred or rejected.',
    verbs: words(
      'manager-config manager-permission criteria criteria-plan worker-ack manager-ack record-decision continuation continuation-reviewer epilogue',
    ),
  },
  observation: {
    title: 'Observation',
    about:
      'What the worker does, read from its rollout and its pane. "cycle" is what a manager looks at before each decision; it changes nothing about the worker.',
    verbs: words('cycle ingest tail divergences classify'),
  },
  messages: {
    title: 'Messages',
    about:
      'Messages are queued, claimed by a dispatcher, delivered once and proved by the rollout. A session without a pane reads its inbox. From inside a sandbox everything is queued for the supervisor outside.',
    verbs: words(
      'session-nudge session-interrupt approve deny enqueue-nudge-worker enqueue-notify-manager enqueue-continue-iteration worker-inbox manager-inbox session-inbox commands dispatch compact-worker request-worker-compact',
    ),
  },
  loops: {
    title: 'Loops',
    about:
      'A loop repeats a piece of work until its evidence is there or its iterations are used up. A template says which evidence.',
    verbs: words('loop-templates ralph-loop-presets loop-triggers loop-evidence loop-status qa-plan qa-run'),
  },
  record: {
    title: 'The record',
    about:
      'Everything that happened is in one ledger. What is meant to be shared leaves words out unless they are asked for.',
    verbs: words(
      'audit replay telemetry mutation-audit export-task transcript-capture transcript-show transcript-prune',
    ),
  },
  upkeep: {
    title: 'Upkeep',
    about: 'Whether this machine, this session and this ledger are well, and how to put right what is not.',
    verbs: words('doctor doctor-self db-doctor reconcile prune import-compat install-skills dashboard'),
  },
  workers: {
    title: 'Workers of the older kind',
    about: 'Workers with a folder of their own below the state root. They are still understood; new work needs none.',
    verbs: words(
      'create start-test list status idle-check capture events nudge interrupt update-status open open-worker open-manager',
    ),
  },
};

/** Topics that are about no verb in particular. */
export const pages: Readonly<Record<string, { readonly title: string; readonly paragraphs: readonly string[] }>> = {
  ledger: {
    title: 'Which ledger',
    paragraphs: [
      'The ledger is workerctl.db in the state root: the folder that WORKERCTL_STATE_ROOT names, else .codex-workers in the current folder. Every verb takes --path FILE for another one.',
      'It is shared with agent-conveyor 0.1.0, at schema 22. It is created when a verb first opens it.',
    ],
  },
  exit: {
    title: 'Exit status',
    paragraphs: [
      '0: done. 1: refused, with one line on standard error; or a negative answer, which is printed as usual. 2: not understood. 130: interrupted.',
      'A refusal leaves standard output empty and nothing half done.',
    ],
  },
  environment: {
    title: 'Environment',
    paragraphs: [
      'WORKERCTL_STATE_ROOT: the state root. CONVEYOR_TMUX_SOCKET: the tmux server, when it is not the default one. CODEX_HOME: where Codex keeps its rollouts. CONVEYOR_CHROMIUM: the browser of qa-run, when the one on PATH is not meant. CONVEYOR_CLI_PROG: conveyor or workerctl, the name in messages.',
      'CONVEYOR_DEBUG=1 prints the trace of an internal error.',
    ],
  },
};

function words(text: string): readonly string[] {
  return text.split(' ');
}
