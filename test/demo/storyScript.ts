import * as z from 'zod/mini';
import type { ModelRequest, ToolOutput } from './modelRequest.ts';
import { type ModelScript, type ResponsePlan, runShell, say } from './scriptedModel.ts';

/**
 * Both parts of the demo story, played by one model. It sees only what Codex sends: which Codex asks it tells from the
 * first prompt, and every path, name and id it uses it reads from there or from the output of a tool.
 */
export function storyScript(): ModelScript {
  return (request) => {
    const [briefing] = request.userTexts;
    if (briefing === undefined) return say('Ready.');
    return isManager(briefing) ? playManager(request, briefing) : playWorker(request, briefing);
  };
}

function isManager(briefing: string): boolean {
  return briefing.startsWith('You are the manager in an Agent Conveyor session');
}

// ---- worker ----

/** First turn: acknowledge, a wrong edit, a test that fails. Every later one: the repair, and the test again. */
function playWorker(request: ModelRequest, briefing: string): ResponsePlan {
  if (request.lastUserText.startsWith('Status?')) return say('Status: sum.mjs is repaired and its test passes.');
  const step = request.newToolOutputs.length;
  const isFirstTurn = request.userTexts.length === 1;
  if (isFirstTurn) {
    const acknowledge = commandLine(briefing, 'worker-ack');
    if (acknowledge !== null && step === 0)
      return runShell(request, pipeJson(workerAcknowledgement, acknowledge), { text: 'I acknowledge the task first.' });
    const edit = acknowledge === null ? 0 : 1;
    if (step === edit) return runShell(request, writeSum('a - b'), { text: 'Now the first attempt.' });
    if (step === edit + 1) return runShell(request, runTest);
    return say(
      `I edited sum.mjs and ran the test: it fails (${outcome(lastOutput(request))}). I stop here for review.`,
    );
  }
  if (step === 0) return runShell(request, writeSum('a + b'), { text: 'Understood, I repair add().' });
  if (step === 1) return runShell(request, runTest);
  return say(
    `Repaired: add() in sum.mjs returns a + b. Evidence: "${runTest}" ended with ${outcome(lastOutput(request))}.`,
  );
}

const runTest = 'node --test sum.test.mjs';
const workerAcknowledgement = {
  goal_restatement: 'Make add() in sum.mjs return the sum of its arguments.',
  proposed_criteria: [`${runTest} passes`],
  expected_tools: ['node'],
  open_questions: [],
  ready_to_start: true,
};

function writeSum(expression: string): string {
  return `printf '%s\\n' 'export function add(a, b) {' '  return ${expression};' '}' > sum.mjs && cat sum.mjs`;
}

function outcome(output: ToolOutput | undefined): string {
  const failed = /^(?:#|ℹ) fail (\d+)/m.exec(output?.text ?? '')?.[1];
  return failed === undefined ? 'no result' : failed === '0' ? 'all tests passing' : `${failed} failing`;
}

// ---- manager ----

const criterion = 'The test of add() passes';
const cycleOutput = z.looseObject({
  cycle_id: z.int(),
  state: z.string(),
  manager_context: z.looseObject({
    worker_receipt: z.nullable(z.looseObject({ last_agent_message: z.nullable(z.string()) })),
    acceptance_criteria: z.looseObject({ open: z.array(z.looseObject({ id: z.int(), criterion: z.string() })) }),
  }),
});
type Cycle = z.infer<typeof cycleOutput>;

/**
 * One turn, whatever woke it: (acknowledge once,) observe, then by what was seen add the criterion, nudge, wait, or check and finish.
 */
function playManager(request: ModelRequest, briefing: string): ResponsePlan {
  const command = commandLine(briefing, 'cycle');
  if (command === null) return say('My briefing names no command to observe the worker with.');
  const tool = new Conveyor(command);
  const done = request.newToolOutputs;
  const acknowledged = request.toolOutputs.some(({ text }) => text.includes('"role": "manager"'));
  if (!acknowledged) {
    const acknowledge = commandLine(briefing, 'manager-ack');
    if (acknowledge !== null)
      return runShell(request, pipeJson({ ready_to_supervise: true }, acknowledge), {
        text: 'I record what I understood.',
      });
  }
  // A command that is refused again and again would be asked for ever.
  if (done.length > 12) return say(`I stop: ${done.at(-1)?.text.slice(0, 400) ?? ''}`);
  const observed = done.findLast(({ text }) => text.includes('"kind": "session_cycle"'));
  if (observed === undefined) return runShell(request, tool.cycle(), { text: 'I look at the worker.' });
  const cycle = cycleOutput.parse(jsonOf(observed.text));
  const since = done.slice(done.indexOf(observed) + 1);
  return decide(request, tool, cycle, since);
}

function decide(request: ModelRequest, tool: Conveyor, cycle: Cycle, since: readonly ToolOutput[]): ResponsePlan {
  const known = openCriterion(request, cycle);
  if (known === null)
    return runShell(request, tool.addCriterion(), { text: 'The goal needs a criterion that can be checked.' });
  if (cycle.state !== 'idle') return say('The worker is at work; I wait for its report.');
  const report = cycle.manager_context.worker_receipt?.last_agent_message ?? '';
  return report.includes('all tests passing')
    ? finish(request, tool, known, since)
    : nudge(request, tool, cycle, since);
}

function nudge(request: ModelRequest, tool: Conveyor, cycle: Cycle, since: readonly ToolOutput[]): ResponsePlan {
  if (wasNudged(request)) return say('The worker has my nudge; I wait for its report.');
  if (!since.some(({ text }) => text.includes('"decision": "nudge"'))) {
    return runShell(request, tool.decide('nudge', cycle.cycle_id, 'The worker reports a failing test.'));
  }
  return runShell(request, tool.nudgeWorker(), { text: 'The worker stopped with a failing test: a nudge.' });
}

/** The claim is no proof: the manager runs the test itself before it satisfies the criterion. */
function finish(
  request: ModelRequest,
  tool: Conveyor,
  criterionId: number,
  since: readonly ToolOutput[],
): ResponsePlan {
  const checked = since.find(({ text }) => /^(?:#|ℹ) pass \d+/m.test(text));
  if (checked === undefined)
    return runShell(request, runTest, { text: 'The worker claims success; I check it myself.' });
  if (outcome(checked) !== 'all tests passing') return say('My own run of the test fails; the task is not done.');
  if (!since.some(({ text }) => text.includes('"status": "satisfied"')))
    return runShell(request, tool.satisfy(criterionId));
  if (!since.some(({ text }) => text.includes('"finish": true')))
    return runShell(request, tool.finish(), { text: 'Every criterion has its evidence.' });
  return say('The task is finished: the test of add() passes, checked by my own run.');
}

function openCriterion(request: ModelRequest, cycle: Cycle): number | null {
  const open = cycle.manager_context.acceptance_criteria.open.find((one) => one.criterion === criterion);
  if (open !== undefined) return open.id;
  const added = request.toolOutputs.findLast(({ text }) => text.includes('"affected_criterion"'));
  if (added === undefined) return null;
  return z.looseObject({ affected_criterion: z.looseObject({ id: z.int() }) }).parse(jsonOf(added.text))
    .affected_criterion.id;
}

function wasNudged(request: ModelRequest): boolean {
  return request.toolOutputs.some(({ text }) => text.includes('"command_type": "nudge_worker"'));
}

/** The manager's commands, on the shim and the task that its briefing named. */
class Conveyor {
  readonly #shim: string;
  readonly #task: string;

  /** `cycleCommand` is the line of the briefing: `/path/to/conveyor cycle TASK`. */
  constructor(cycleCommand: string) {
    const at = cycleCommand.indexOf(' cycle ');
    this.#shim = cycleCommand.slice(0, at);
    this.#task = cycleCommand.slice(at + ' cycle '.length).trim();
  }

  cycle(): string {
    return `${this.#shim} cycle ${this.#task}`;
  }

  addCriterion(): string {
    return `${this.#shim} criteria ${this.#task} --add --criterion '${criterion}' --source manager_inferred --status accepted --rationale 'It shows the goal.'`;
  }

  decide(decision: string, cycleId: number, reason: string): string {
    return `${this.#shim} record-decision ${this.#task} ${decision} --cycle-id ${cycleId} --reason '${reason}'`;
  }

  nudgeWorker(): string {
    return `${this.#shim} enqueue-nudge-worker ${this.#task} --json --message 'The test of add() fails. Please repair sum.mjs until "${runTest}" passes, then report the command and its result.'`;
  }

  satisfy(id: number): string {
    return `${this.#shim} criteria ${this.#task} --satisfy ${id} --proof 'ran the test myself' --evidence-json '{"command": "${runTest}", "result": "all tests passing"}'`;
  }

  finish(): string {
    return `${this.#shim} finish-task ${this.#task} --require-criteria-audit --reason 'The criterion is satisfied with evidence.'`;
  }
}

// ---- reading ----

/** A word as a POSIX shell reads it: quoted stretches, escaped signs, plain ones. */
const shellWord = String.raw`(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+`;

/** The command line of a verb as a prompt spells it: an absolute path, the verb, its task, and --from-stdin where it stands. */
function commandLine(prompt: string, verb: string): string | null {
  const line = prompt.split('\n').find((one) => one.includes(` ${verb} `));
  const found = new RegExp(`((?=['/])${shellWord} ${verb} ${shellWord}(?: --from-stdin)?)`).exec(line ?? '');
  return found?.[1] ?? null;
}

function pipeJson(value: object, command: string): string {
  return `printf '%s' '${JSON.stringify(value)}' | ${command}`;
}

function lastOutput(request: ModelRequest): ToolOutput | undefined {
  return request.newToolOutputs.at(-1);
}

/** The JSON object in a tool's output, which Codex heads with a few lines of its own. */
function jsonOf(text: string): unknown {
  const start = text.search(/^\{/m);
  return JSON.parse(text.slice(start, text.lastIndexOf('}') + 1));
}
