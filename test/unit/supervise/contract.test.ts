import assert from 'node:assert/strict';
import { readPermissions } from '../../../src/core/domain/permissions.ts';
import { managerAck, workerAck } from '../../../src/core/operations/acknowledgements.ts';
import { parseInput } from '../../../src/core/operations/argument.ts';
import { criteria } from '../../../src/core/operations/criteria.ts';
import { handoff } from '../../../src/core/operations/handoff.ts';
import { managerConfig } from '../../../src/core/operations/managerConfig.ts';
import { managerPermission } from '../../../src/core/operations/managerPermission.ts';
import { recordDecision } from '../../../src/core/operations/recordDecision.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { interviewForConfig } from '../../../src/core/supervise/configInterview.ts';
import { defaultPolicy, mergePolicy } from '../../../src/core/supervise/managerConfig.ts';
import { temporaryContext } from '../support/temporaryContext.ts';
import { isReadUnderLock, type Supervised, supervised } from './support.ts';

describe('the contract of a task', () => {
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised();
  });

  afterEach(() => fixture.dispose());

  it('CP-26: the revision of an acknowledgement is counted inside the write lock', async () => {
    const { context } = fixture;
    fixture.pipe('{"ready": true}');
    const write = () => fixture.run(workerAck, { task: 'alpha', fromStdin: true });
    assert.ok(await isReadUnderLock(context.ledger, /FROM task_acknowledgements/, write));
    assert.equal((await write())?.revision, 2);
  });

  it('CP-26: a configuration is merged with what is stored inside the write lock', async () => {
    await fixture.run(managerConfig, { task: 'alpha' });
    const permit = () => fixture.run(managerConfig, { task: 'alpha', permit: ['repo.open_pr'] });
    assert.ok(await isReadUnderLock(fixture.context.ledger, /FROM manager_configs/, permit));
  });

  it('CP-28: an acknowledgement and a handoff answer with the row they wrote, not with the latest one', async () => {
    const { ledger } = fixture.context;
    // Another program's handoff lands between the insert and whatever reads back.
    const insert = ledger.run.bind(ledger);
    ledger.run = (sql, parameters) => {
      const result = insert(sql, parameters);
      if (sql.includes('INTO worker_handoffs')) {
        insert(
          "INSERT INTO worker_handoffs (task_id, summary, next_steps_json, payload_json, created_at) SELECT id, 'theirs', '[]', '{}', '2030-01-01T00:00:00Z' FROM tasks",
        );
      }
      return result;
    };
    const mine = await fixture.run(handoff, {
      task: 'alpha',
      summary: 'mine',
      nextStep: ['rest'],
      payloadJson: '{"b": 1}',
    });
    ledger.run = insert;
    assert.equal(mine.summary, 'mine');
    assert.deepEqual(mine.next_steps, ['rest']);
  });

  it('an acknowledgement names the binding and the revision that it answers to', async () => {
    await fixture.run(managerConfig, { task: 'alpha' });
    fixture.pipe('{"ready_to_supervise": true}');
    const answer = await fixture.run(managerAck, { task: 'alpha', fromStdin: true, json: true, correlationId: 'c1' });
    assert.equal(answer?.manager_config_revision, 1);
    assert.match(answer?.binding_id ?? '', /^binding-/);
    assert.deepEqual(fixture.events('manager_ack_recorded')[0]?.payload_keys, ['ready_to_supervise']);
    for (const text of ['', '[1]', 'nonsense']) {
      fixture.pipe(text);
      await fixture.refuses(
        managerAck,
        { task: 'alpha', fromStdin: true },
        'invalid_json',
        /--from-stdin requires a JSON object/,
      );
    }
    await fixture.refuses(managerAck, { task: 'alpha' }, 'missing_input', /--from-stdin to write or --json to read/);
  });

  it('CP-37: an unknown permission is refused with the nearest valid name, and nothing is stored', async () => {
    await fixture.run(managerConfig, { task: 'alpha' });
    await fixture.refuses(
      managerConfig,
      { task: 'alpha', permit: ['repo.open_prs'], objective: 'x' },
      'permission_unknown',
      /repo\.open_prs.*did you mean repo\.open_pr\?/,
    );
    const stored = await fixture.run(managerConfig, { task: 'alpha' });
    assert.equal('objective' in stored ? stored.objective : 'questions', null);
  });

  it('CP-37: a permission name is checked although no configuration exists', async () => {
    await fixture.refuses(managerPermission, { task: 'alpha', action: 'repo.fly' }, 'permission_unknown');
    await fixture.refuses(
      managerPermission,
      { task: 'alpha', action: 'fly', list: true },
      'permission_unknown',
      /repo/,
    );
    const answer = await fixture.run(managerPermission, { task: 'alpha', action: 'create_pr', requireHandoff: true });
    assert.deepEqual(answer.reasons, ['missing_manager_config', 'missing_worker_handoff']);
    assert.equal(fixture.telemetry('manager_permission_checked').length, 1);
  });

  it('CP-38: lists can be emptied and shortened, permissions revoked, acknowledgements no longer required', async () => {
    await fixture.run(managerConfig, {
      task: 'alpha',
      guideline: ['a', 'b'],
      tool: ['gh'],
      permit: ['repo.open_pr', 'repo.push_branch'],
      requireAcks: true,
    });
    const changed = await fixture.run(managerConfig, {
      task: 'alpha',
      remove: ['a'],
      clear: ['tools'],
      revoke: ['create_pr'],
      noRequireAcks: true,
    });
    assert.ok('guidelines' in changed);
    assert.deepEqual(changed.guidelines, ['b']);
    assert.deepEqual(changed.tools, []);
    assert.deepEqual(changed.permissions.repo, ['push_branch']);
    assert.equal(changed.require_acks, false);
    assert.equal(changed.revision, 2);
    await fixture.refuses(managerConfig, { task: 'alpha', remove: ['zzz'] }, 'invalid_value', /zzz/);
  });

  it('names the task in a command of the questions so that a shell takes it', async () => {
    await fixture.run(tasks, { create: "it's; odd", goal: 'g' });
    const asked = await fixture.run(managerConfig, { task: "it's; odd", questions: true });
    assert.ok('fallback_collection' in asked);
    assert.equal(asked.fallback_collection, `conveyor manager-config 'it'"'"'s; odd' --interactive`);
  });

  it('CP-38: an answer given in the interview adds to the flags, and an empty one keeps them', async () => {
    const answers = ['', 'Watch it', '', '', '', '', 'no', 'y', '', '', '', ''];
    const given = await interviewForConfig(
      mergePolicy(defaultPolicy, { permit: ['repo.open_pr', 'repo.merge_green_pr'] }).policy,
      () => Promise.resolve(answers.shift() ?? null),
    );
    assert.equal(given.objective, 'Watch it');
    assert.equal(given.supervision_mode, undefined);
    assert.deepEqual(given.revoke, ['repo.merge_green_pr']);
    assert.deepEqual(given.permit, ['worker_compact_clear']);
    await assert.rejects(
      interviewForConfig(defaultPolicy, () => Promise.resolve(null)),
      /--interactive requires answers/,
    );
  });

  it('CP-38: what the interview leaves open keeps the flags, the JSON of permissions too', async () => {
    const answers = ['', 'Watch it', '', '', '', '', 'no', '', '', '', '', ''];
    const ask = () => Promise.resolve(answers.shift() ?? null);
    const asking = temporaryContext({ ask, ledger: fixture.context.ledger });
    const permissionsJson = '{"repo": ["push_branch", "merge_green_pr"], "context.fetch_prs": true}';
    const input = { task: 'alpha', interactive: true, guideline: ['a'], permissionsJson };
    const stored = await managerConfig.run(asking.context, parseInput(managerConfig.inputs, input));
    asking.dispose();
    assert.ok('permissions' in stored);
    assert.deepEqual([stored.objective, stored.guidelines], ['Watch it', ['a']]);
    assert.deepEqual([stored.permissions.repo, stored.permissions.context], [['push_branch'], ['fetch_prs']]);
  });

  it('CP-39: an acceptance text of the configuration is a criterion, once', async () => {
    await fixture.run(criteria, { task: 'alpha', add: true, criterion: 'Known', source: 'user_requested' });
    for (let round = 0; round < 2; round += 1) {
      await fixture.run(managerConfig, { task: 'alpha', acceptance: ['Tests pass', 'Known', ' Tests pass '] });
    }
    const listed = await fixture.run(criteria, { task: 'alpha', list: true });
    assert.deepEqual(
      listed.criteria.map(({ criterion, status }) => [criterion, status]),
      [
        ['Known', 'proposed'],
        ['Tests pass', 'accepted'],
      ],
    );
    assert.equal(fixture.events('manager_acceptance_criteria_seeded').length, 1);
  });

  it('reads flat permissions of old configurations', () => {
    assert.deepEqual(
      readPermissions({ allow_pr: true, worker_compact_clear: true, repo: 'no list', junk: 1 }).worker_session,
      ['clear', 'compact'],
    );
  });

  it('CP-35: a criterion is not satisfied without proof or evidence', async () => {
    const added = await fixture.run(criteria, {
      task: 'alpha',
      add: true,
      criterion: 'It loads',
      source: 'user_requested',
    });
    const id = added.affected_criterion?.id;
    await fixture.refuses(criteria, { task: 'alpha', satisfy: id }, 'missing_input', /--proof or --evidence-json/);
    await fixture.refuses(criteria, { task: 'alpha', satisfy: id, proof: ' ', evidenceJson: '{}' }, 'missing_input');
    const done = await fixture.run(criteria, { task: 'alpha', satisfy: id, evidenceJson: '{"status": "pass"}' });
    assert.equal(done.affected_criterion?.status, 'satisfied');
    assert.deepEqual(fixture.events('acceptance_criterion_updated')[0]?.previous_status, 'proposed');
    const again = await fixture.run(criteria, { task: 'alpha', satisfy: id });
    assert.deepEqual(again.affected_criterion?.evidence, { status: 'pass' });
  });

  it('CP-35: adding a known criterion again says that it stays as it was', async () => {
    const input = { task: 'alpha', add: true, criterion: 'It loads', source: 'worker_proposed' };
    assert.equal((await fixture.run(criteria, input)).warnings, undefined);
    const again = await fixture.run(criteria, { ...input, status: ['accepted'] });
    assert.equal(again.affected_criterion?.status, 'proposed');
    assert.match(again.warnings?.[0] ?? '', /#1 .*stays proposed/);
    assert.equal(fixture.events('acceptance_criterion_added').length, 1);
  });

  it('a criterion belongs to its task', async () => {
    await fixture.run(criteria, { task: 'alpha', add: true, criterion: 'x', source: 'worker_proposed' });
    await fixture.run(tasks, { create: 'beta', goal: 'B' });
    await fixture.refuses(criteria, { task: 'beta', accept: 1 }, 'unknown_criterion', /beta: 1/);
  });

  it("CP-43: a decision cannot name an unknown cycle or another task's", async () => {
    const { ledger } = fixture.context;
    await fixture.run(tasks, { create: 'beta', goal: 'B' });
    ledger.run(
      "INSERT INTO manager_cycles (id, task_id, started_at, state) SELECT 5, id, '2026-01-01T00:00:00Z', 'succeeded' FROM tasks WHERE name = 'beta'",
    );
    const decide = { decision: 'wait', reason: 'because' };
    await fixture.refuses(
      recordDecision,
      { task: 'alpha', ...decide, cycleId: 4711 },
      'unknown_cycle',
      /4711.*no such/,
    );
    await fixture.refuses(recordDecision, { task: 'alpha', ...decide, cycleId: 5 }, 'unknown_cycle', /another task/);
    assert.deepEqual(fixture.events('manager_decision_recorded'), []);
    const recorded = await fixture.run(recordDecision, { task: 'beta', ...decide, cycleId: 5 });
    const span = ledger.get('SELECT phase, manager_decision_id AS decision FROM manager_cycle_spans');
    assert.deepEqual(span, { phase: 'manager_decision', decision: recorded.id });
  });
});
