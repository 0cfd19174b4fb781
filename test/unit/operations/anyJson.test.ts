import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { type Argument, parseInput } from '../../../src/core/operations/argument.ts';
import type { AnyOperation } from '../../../src/core/operations/operation.ts';
import { loadOperation, operationNames } from '../../../src/core/operations/registry.ts';
import { head } from '../support/sessionFixture.ts';
import { supervised, type Supervised } from '../supervise/support.ts';

/** Names that mean something in what is piped in, given with a flag, or kept in a folder of an older worker. */
const keys = [
  'acceptance_criteria',
  'agreement',
  'addendum',
  'artifact_path',
  'criteria',
  'criterion',
  'current_iteration',
  'cwd',
  'decision',
  'evidence_type',
  'identity_token',
  'items',
  'kind',
  'last_update',
  'loop_policy',
  'max_iterations',
  'name',
  'next_task',
  'objective',
  'permissions',
  'proof',
  'proposed',
  'rationale',
  'required_before_continue',
  'ready',
  'run_id',
  'source',
  'state',
  'status',
  'template',
  'time',
  'tmux_session',
  'type',
  'verdict',
  '__proto__',
  'constructor',
  'toJSON',
  '',
  'ünï',
];
const texts = [
  '',
  ' ',
  'alpha',
  'w1',
  'accepted',
  'stop',
  'waiting',
  '\u0000',
  '\ud800',
  '1',
  'x'.repeat(5000),
  '../x',
];

const { value: anyJson } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false, 0, -1, 1e308, 2 ** 53, 1.5),
    fc.constantFrom(...texts),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));
const piped = fc.oneof(
  { weight: 3, arbitrary: anyJson.map((value) => JSON.stringify(value)) },
  {
    weight: 6,
    arbitrary: fc.dictionary(fc.constantFrom(...keys), anyJson, { maxKeys: 6 }).map((value) => JSON.stringify(value)),
  },
  { weight: 1, arbitrary: fc.constantFrom('', '{', 'null', '{"a":NaN}', '\ufeff{}', '{"a":1}{"b":2}', '"\ud800"') },
  { weight: 1, arbitrary: fc.json() },
);

describe('any JSON that a verb takes', function () {
  this.timeout(120_000);
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised();
  });
  afterEach(() => fixture.dispose());

  it('is taken or refused in a sentence, by flag and by standard input, and can be told of afterwards', async () => {
    const takers = await verbsThatTakeJson();
    assert.ok(takers.length >= 8, takers.map(({ name }) => name).join());
    for (const operation of takers) {
      const given = fc.tuple(piped, fc.integer({ min: 0, max: 63 }));
      await fc.assert(
        fc.asyncProperty(given, async ([json, choice]) => {
          fixture.pipe(json);
          for (const input of waysToGive(operation, json, choice)) await attempt(operation, input);
        }),
        { numRuns: Number(process.env.CONVEYOR_RUNS ?? 25) },
      );
    }
    for (const name of ['audit', 'replay', 'mutation-audit', 'cycle', 'telemetry', 'export-task', 'manager-config']) {
      const operation = (await loadOperation(name)) ?? assert.fail(name);
      await attempt(operation, 'task' in operation.inputs ? { task: 'alpha' } : {});
      if ('json' in operation.inputs) await attempt(operation, { task: 'alpha', json: true });
    }
  });

  it('is taken or refused in a sentence by import-compat', async () => {
    const operation = (await loadOperation('import-compat')) ?? assert.fail();
    const files = ['config.json', 'status.json', 'capture-meta.json', 'events.jsonl'];
    const folder = join(fixture.context.stateRoot, 'old1');
    mkdirSync(folder, { recursive: true });
    await fc.assert(
      fc.asyncProperty(fc.tuple(piped, piped, piped, piped), fc.boolean(), async (contents, apply) => {
        for (const [index, name] of files.entries()) writeFileSync(join(folder, name), contents[index] ?? '');
        writeFileSync(join(folder, 'transcript.txt'), contents[0]);
        await attempt(operation, { apply });
      }),
      { numRuns: Number(process.env.CONVEYOR_RUNS ?? 40) },
    );
  });

  it('is read as a line of a rollout, passed by or refused in a sentence', async () => {
    const rollout = join(fixture.folder, 'w1.jsonl');
    writeFileSync(rollout, head('thread-w1'));
    fixture.context.ledger.run('UPDATE sessions SET codex_session_path = ? WHERE name = ?', [rollout, 'w1']);
    const [ingest, tail, cycle] = await Promise.all(['ingest', 'tail', 'cycle'].map(loadOperation));
    assert.ok(ingest && tail && cycle);
    const line = fc.oneof(
      piped,
      fc
        .record({
          timestamp: fc.constantFrom<unknown>('2026-01-02T03:04:05Z', '', 5, null, '9999-99-99'),
          type: fc.constantFrom<unknown>('event_msg', 'response_item', 'session_meta', 'turn_context', 'tomorrow', 7),
          payload: fc.oneof(
            anyJson,
            fc.dictionary(fc.constantFrom('type', 'message', 'turn_id', 'reason', 'info', 'content', 'git'), anyJson),
            fc
              .tuple(fc.constantFrom('task_started', 'task_complete', 'turn_aborted', 'user_message', 'error'), anyJson)
              .map(([type, rest]) => ({ message: rest, last_agent_message: rest, turn_id: rest, type })),
          ),
        })
        .map((record) => JSON.stringify(record)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 5 }), fc.boolean(), async (lines, isTorn) => {
        appendFileSync(rollout, `${lines.join('\n')}${isTorn ? '' : '\n'}`);
        await attempt(ingest, { name: 'w1' });
        await attempt(cycle, { task: 'alpha' });
        await attempt(tail, { name: 'w1', limit: -1 });
      }),
      { numRuns: Number(process.env.CONVEYOR_RUNS ?? 40) },
    );
    assert.ok(fixture.context.ledger.all('SELECT id FROM codex_events').length > 5, 'some of it was read');
  });

  async function attempt(operation: AnyOperation, input: Record<string, unknown>): Promise<void> {
    try {
      const parsed = parseInput(operation.inputs, input);
      const output = await operation.run(fixture.context, parsed);
      assert.ok(operation.output().safeParse(output).success, `${operation.name}: the answer has another shape`);
      if (parsed.json !== true) operation.text?.(output, parsed, fixture.context);
    } catch (error) {
      if (!ConveyorError.is(error)) throw new Error(operation.name, { cause: error });
      assert.notEqual(error.code, 'internal', error.message);
    }
  }
});

async function verbsThatTakeJson(): Promise<AnyOperation[]> {
  const found: AnyOperation[] = [];
  for (const name of operationNames) {
    const operation = await loadOperation(name);
    if (operation === null) continue;
    const takes = Object.keys(operation.inputs).some((input) => input.endsWith('Json') || input === 'fromStdin');
    if (takes) found.push(operation);
  }
  return found;
}

/** By each flag that takes it and by standard input, with other switches thrown at random. */
function waysToGive({ inputs }: AnyOperation, json: string, choice: number): Record<string, unknown>[] {
  const base = Object.fromEntries(
    Object.entries(inputs).flatMap(([name, argument], index) => {
      const value = valueFor(name, argument, choice + index);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return Object.keys(inputs)
    .filter((name) => name.endsWith('Json') || name === 'fromStdin')
    .map((name) => ({ ...base, [name]: name === 'fromStdin' ? true : json }));
}

function valueFor(name: string, { kind, choices, required }: Argument<unknown>, choice: number): unknown {
  if (name === 'task') return 'alpha';
  if (kind === 'flag') return name !== 'json' && choice % 5 === 0 ? true : undefined;
  if (!required && choice % 3 !== 0) return undefined;
  if (choices !== null) return kind === 'list' ? [choices[choice % choices.length]] : choices[choice % choices.length];
  if (kind === 'integer' || kind === 'number') return 1;
  if (kind === 'list') return ['w1'];
  return kind === 'text' ? (name === 'task' ? 'alpha' : 'w1') : undefined;
}
