import { isJsonObject, type JsonValue } from '../domain/json.ts';
import type { Connection } from '../ledger/connection.ts';
import type { Continuation } from '../ledger/continuationStore.ts';
import { listCriteria } from '../ledger/criterionStore.ts';
import { findManagerConfig } from '../ledger/managerConfigStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import type { ProcessRunner } from '../ports/processRunner.ts';
import type { ProposedTurn } from './continuationReview.ts';
import { isolated } from './isolated.ts';
import type { ReviewSandbox } from './reviewSandbox.ts';

export const allowedContext = [
  'task',
  'correlation_id',
  'worker_continuation',
  'manager_continuation',
  'acceptance_criteria',
  'manager_config_summary',
  'diff',
  'recent_pull_requests',
  'constraints',
] as const;

/** Where the worker works, and what git may be asked with there. */
export interface WorkPlace {
  /** Null when no worker is bound. */
  readonly cwd: string | null;
  /** Git runs in it: what a worker can write into a repository's configuration would be run otherwise. */
  readonly sandbox: ReviewSandbox | null;
  readonly environment: Readonly<Record<string, string>>;
  /** What `gh` needs to log in. It is asked for here, and not by the reviewer. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export type ReviewContext = Readonly<Record<(typeof allowedContext)[number] | 'allowed_context', unknown>>;

/** Everything that a reviewer is told: both proposals, the contract, and what has changed. Nothing of a rollout. */
export async function reviewContext(
  ledger: Connection,
  processes: ProcessRunner,
  task: Task,
  turn: ProposedTurn,
  place: WorkPlace,
): Promise<ReviewContext> {
  const config = findManagerConfig(ledger, task.id);
  const [diff, pulls] = await Promise.all([diffOf(processes, place), recentPullRequests(processes, place)]);
  return {
    allowed_context: [...allowedContext],
    task: { goal: task.goal, id: task.id, name: task.name, state: task.state },
    correlation_id: turn.correlationId,
    worker_continuation: proposal(turn.worker),
    manager_continuation: proposal(turn.manager),
    acceptance_criteria: listCriteria(ledger, task.id),
    manager_config_summary: {
      acceptance_criteria: config?.acceptance_criteria ?? [],
      epilogues: config?.epilogues ?? [],
      nudge_on_completion: config?.nudge_on_completion ?? 'ask-operator',
      permissions: config?.permissions ?? {},
      tools: config?.tools ?? [],
    },
    diff,
    recent_pull_requests: pulls,
    constraints: {
      manager_rollout_access: false,
      read_only: true,
      return_json_schema: {
        agreement: 'match|compatible|divergent',
        verdict: 'proceed|amend|stop',
        addendum: 'string|null',
        rationale: 'string',
      },
    },
  };
}

function proposal({ created_at, id, payload, revision }: Continuation) {
  return { created_at, id, payload, revision };
}

const gitSeconds = 10;
const keptCharacters = 5000;
const keptErrorCharacters = 1000;
/** What a branch is compared with: the reference's choice, then what the repository itself calls its main line. */
const mainLines = ['main', 'origin/HEAD', 'master'];

type Answer = { readonly text: string; readonly error: string | null };

async function diffOf(processes: ProcessRunner, place: WorkPlace) {
  const base = await mainLine(processes, place);
  const of = (...argv: readonly string[]) => git(processes, place, ['diff', '--no-ext-diff', '--no-textconv', ...argv]);
  const branchStat = await of('--stat', `${base}...HEAD`);
  const branchNames = await of('--name-only', `${base}...HEAD`);
  const treeStat = await of('--stat', 'HEAD');
  const treeNames = await of('--name-only', 'HEAD');
  const errors = [branchStat, branchNames, treeStat, treeNames].flatMap(({ error }) => error ?? []);
  return {
    branch_diff_name_only: branchNames.text,
    branch_diff_stat: branchStat.text,
    error: errors.length === 0 ? null : [...new Set(errors)].join('\n').slice(-keptErrorCharacters),
    working_tree_diff_name_only: treeNames.text,
    working_tree_diff_stat: treeStat.text,
  };
}

async function mainLine(processes: ProcessRunner, place: WorkPlace): Promise<string> {
  for (const name of mainLines) {
    const { error } = await git(processes, place, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`]);
    if (error === null) return name;
  }
  return 'main';
}

async function git(processes: ProcessRunner, place: WorkPlace, argv: readonly string[]): Promise<Answer> {
  const { cwd, sandbox, environment } = place;
  if (cwd === null) return { text: '', error: 'no worker was ever bound to the task, so there is no repository' };
  if (sandbox === null) return { text: '', error: 'git runs isolated, and nothing can be isolated here' };
  const command = ['git', '--no-optional-locks', '--no-pager', '-c', 'core.fsmonitor=false', ...argv];
  const { status, stdout, stderr, ended } = await isolated(processes, sandbox, command, {
    cwd,
    environment,
    seconds: gitSeconds,
  });
  if (ended !== null) return { text: '', error: `git did not answer within ${gitSeconds}s` };
  if (status === 0) return { text: stdout.slice(-keptCharacters), error: null };
  return { text: '', error: stderr.trim() || `git exited ${status}` };
}

const pullRequestFields = 'number,title,state,mergedAt,url';

async function recentPullRequests(processes: ProcessRunner, { cwd, variables }: WorkPlace): Promise<JsonValue[]> {
  if (cwd === null) return [];
  const { status, stdout } = await processes
    .run('gh', ['pr', 'list', '--state', 'all', '--limit', '5', '--json', pullRequestFields], {
      cwd,
      timeoutMilliseconds: gitSeconds * 1000,
      environment: {
        ...variables,
        GH_PROMPT_DISABLED: '1',
        GH_NO_UPDATE_NOTIFIER: '1',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'core.fsmonitor',
        GIT_CONFIG_VALUE_0: 'false',
      },
    })
    .catch(() => ({ status: 1, stdout: '' }));
  if (status !== 0) return [];
  try {
    const found: unknown = JSON.parse(stdout);
    return Array.isArray(found) ? found.filter(isJsonObject).slice(0, 5) : [];
  } catch {
    return [];
  }
}
