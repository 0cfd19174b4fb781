import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { criterionSources } from '../ledger/criterionStore.ts';
import { requireTask, type Task } from '../ledger/taskStore.ts';
import { readArtifactFacts } from '../loops/artifact.ts';
import {
  adversarialCheckType,
  doubtsAbout,
  type Evidence,
  requireStructured,
  requireWords,
} from '../loops/evidence.ts';
import { type LoopRun, requireLoopRun } from '../loops/loopRun.ts';
import {
  flag,
  flagName,
  type InputOf,
  optionalChoice,
  optionalNumber,
  optionalText,
  positional,
  positionalChoice,
  requiredInteger,
  requiredText,
} from './argument.ts';
import { criterionOutput } from './criteria.ts';
import { givenText } from './givenText.ts';
import { parseObject } from './jsonInput.ts';
import { defineOperation } from './operation.ts';
import { expandHome, type OperationContext } from './operationContext.ts';
import { jsonRecord } from './outputs.ts';
import { recordLoopEvidence } from './recordLoopEvidence.ts';
import { runOutput } from './runs.ts';
import { type DiffReport, recordVisualDiff } from './visualDiff.ts';

const actions = ['add', 'visual-diff', 'adversarial-check'] as const;

const inputs = {
  action: positionalChoice('what to record', 'ACTION', actions),
  task: positional('task id or name', 'TASK'),
  loopRun: requiredText('loop run id or name', { placeholder: 'RUN' }),
  iteration: requiredInteger('the iteration that it is about', { placeholder: 'N' }),
  source: optionalChoice('who says so; manager_inferred for what is new', criterionSources),
  correlationId: optionalText('the chain of events it belongs to', { placeholder: 'ID' }),
  evidenceType: optionalText('add: what was shown, as the loop calls it', { placeholder: 'TYPE' }),
  status: optionalText('how it came out; pass when left out', { placeholder: 'WORD' }),
  proof: optionalText('add: what shows it', { placeholder: 'TEXT' }),
  artifactPath: optionalText('a file that shows it; its size and hash are kept', { placeholder: 'FILE' }),
  metadataJson: optionalText('add: further facts, as a JSON object', { placeholder: 'OBJECT' }),
  failureMode: optionalText('adversarial-check: how it could realistically be wrong', { placeholder: 'TEXT' }),
  check: optionalText('adversarial-check: what was tried to show that', { placeholder: 'TEXT' }),
  result: optionalText('adversarial-check: what came out', { placeholder: 'TEXT' }),
  reference: optionalText('visual-diff: how it should look', { placeholder: 'PNG' }),
  candidate: optionalText('visual-diff: how it looks', { placeholder: 'PNG' }),
  threshold: optionalNumber('visual-diff: how much of the pixels may differ, 0 to 1', { placeholder: 'SHARE' }),
  diffOutput: optionalText('visual-diff: where to draw the pixels that differ', { placeholder: 'PNG' }),
  reportOutput: optionalText('visual-diff: where to write the report', { placeholder: 'JSON' }),
  failAboveThreshold: flag('visual-diff: exit 1 when too much differs; it is recorded all the same'),
  json: flag('print JSON, as it does anyway'),
};

type Input = InputOf<typeof inputs>;
type Action = (typeof actions)[number];

/** What each action needs, and what it takes beyond that. */
const grammar: Record<
  Action,
  { readonly required: readonly (keyof Input)[]; readonly taken: readonly (keyof Input)[] }
> = {
  add: { required: ['evidenceType'], taken: ['status', 'proof', 'artifactPath', 'metadataJson'] },
  'visual-diff': {
    required: ['reference', 'candidate', 'threshold'],
    taken: ['diffOutput', 'reportOutput', 'failAboveThreshold'],
  },
  'adversarial-check': { required: ['failureMode', 'check', 'result'], taken: ['status', 'artifactPath'] },
};
const common: readonly string[] = ['action', 'task', 'loopRun', 'iteration', 'source', 'correlationId', 'json'];

const words = () => z.readonly(z.array(z.string()));

const recorded = () =>
  z.object({
    criterion: criterionOutput(),
    evidence: jsonRecord(),
    run: z.intersection(
      runOutput(),
      z.object({
        current_iteration: z.number(),
        max_iterations: z.number(),
        cleanup_policy: z.nullable(z.string()),
        preset: z.nullable(z.string()),
        required_before_continue: words(),
        stop_conditions: words(),
        seed_prompt_sha256: z.nullable(z.string()),
      }),
    ),
  });

const diffOutput = (): z.ZodMiniType<DiffReport> =>
  z.object({
    reference: z.string(),
    candidate: z.string(),
    diff_image: z.nullable(z.string()),
    viewport: z.string(),
    changed_pixels: z.number(),
    total_pixels: z.number(),
    diff_score: z.number(),
    threshold: z.number(),
    below_threshold: z.boolean(),
  });

const compared = () =>
  z.object({
    criterion: criterionOutput(),
    evidence: jsonRecord(),
    diff: diffOutput(),
    threshold_criterion: criterionOutput(),
  });

type Recorded = z.infer<ReturnType<typeof recorded>>;
type Output = Recorded | z.infer<ReturnType<typeof compared>>;

/** Receipts of what an iteration has shown: the gate before the next one reads them. */
export const loopEvidence = defineOperation({
  name: 'loop-evidence',
  summary: 'Record what an iteration of a loop has shown.',
  effect: 'writes',
  inputs,
  output: (): z.ZodMiniType<Output> => z.union([compared(), recorded()]),
  exitStatus: (output, { failAboveThreshold }) =>
    failAboveThreshold && 'diff' in output && !output.diff.below_threshold ? 1 : 0,
  run: async (context, input): Promise<Output> => {
    refuseGrammar(input);
    const { ledger } = context;
    const task = requireTask(ledger, input.task);
    const loop = requireLoopRun(ledger, task, input.loopRun);
    if (input.iteration < 1) throw refuse('invalid_value', `--iteration must be at least 1, not ${input.iteration}`);
    if (loop.remark !== null) context.warn(loop.remark);
    const { reference, candidate, threshold } = input;
    if (reference === null || candidate === null || threshold === null) return record(context, task, loop, input);
    return recordVisualDiff(context, task, loop, { ...input, reference, candidate, threshold });
  },
});

/** A flag of another action would be ignored, and one that is missing would be made up. */
function refuseGrammar(input: Input): void {
  const { required, taken } = grammar[input.action];
  const verb = `loop-evidence ${input.action}`;
  const missing = required.filter((name) => input[name] === null).map(flagName);
  if (missing.length > 0) throw refuse('usage', `the following arguments are required: ${missing.join(', ')}`);
  const known = [...common, ...required, ...taken];
  const strange = Object.entries(input)
    .filter(([name, value]) => !known.includes(name) && value !== null && value !== false)
    .map(([name]) => flagName(name));
  if (strange.length > 0) throw refuse('usage', `${strange.join(', ')} is not for ${verb}`);
}

async function record(context: OperationContext, task: Task, loop: LoopRun, input: Input): Promise<Recorded> {
  const { ledger, clock } = context;
  const evidence = await withArtifact(context, input.action === 'add' ? addition(input) : challenge(input));
  for (const doubt of doubtsAbout(evidence, loop.policy)) context.warn(doubt);
  const proof = input.action === 'add' ? input.proof : proofOf(evidence);
  const criterion = ledger.write(() =>
    recordLoopEvidence(ledger, { task, runId: loop.run.id }, { evidence, source: input.source, proof }, clock.now()),
  );
  const { current_iteration, max_iterations, cleanup_policy, preset, ...policy } = loop.policy;
  const { required_before_continue, stop_conditions, seed_prompt_sha256 } = policy;
  return {
    criterion,
    evidence: criterion.evidence,
    run: {
      ...loop.run,
      current_iteration,
      max_iterations,
      cleanup_policy,
      preset,
      required_before_continue,
      stop_conditions,
      seed_prompt_sha256,
    },
  };
}

function addition(input: Input): Evidence {
  const type = requireWords('evidence-type', input.evidenceType ?? '');
  const facts = input.metadataJson === null ? {} : parseObject('--metadata-json', input.metadataJson);
  requireStructured(type, facts);
  return { ...commonPart(input), type, facts };
}

function challenge(input: Input): Evidence {
  const facts = {
    failure_mode: requireWords('failure-mode', input.failureMode ?? ''),
    check: requireWords('check', input.check ?? ''),
    result: requireWords('result', input.result ?? ''),
  };
  return { ...commonPart(input), type: adversarialCheckType, facts };
}

function commonPart({ iteration, status, artifactPath, correlationId }: Input): Omit<Evidence, 'type' | 'facts'> {
  return {
    iteration,
    status: status ?? 'pass',
    artifactPath: artifactPath?.trim() ? artifactPath : null,
    correlationId: givenText(correlationId),
  };
}

function proofOf({ facts }: Evidence): string {
  return `Tried to disprove it: ${String(facts.failure_mode)} -> ${String(facts.result)}`;
}

/** With size and hash of the file as we found it; a hash that was only typed in is no such thing (LQ-2). */
async function withArtifact(context: OperationContext, evidence: Evidence): Promise<Evidence> {
  const { artifact_sha256: _hash, artifact_bytes: _bytes, ...facts } = evidence.facts;
  if (evidence.artifactPath === null) return { ...evidence, facts };
  const found = await readArtifactFacts(resolve(context.cwd, expandHome(evidence.artifactPath, context.variables)));
  if (found === null)
    context.warn(`--artifact-path ${evidence.artifactPath}: there is no such file; only its name is kept`);
  return { ...evidence, facts: { ...facts, ...found } };
}
