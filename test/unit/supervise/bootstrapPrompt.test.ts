import assert from 'node:assert/strict';
import { type ManagerBriefing, managerPrompt, workerPrompt } from '../../../src/core/supervise/bootstrapPrompt.ts';

const briefing: ManagerBriefing = {
  command: "'/home/a b/conveyor'",
  cwd: '/work',
  ledger: '/work/.codex-workers/workerctl.db',
  manager: 'm1',
  task: "the author's task; rm -rf .",
  goal: 'Ship it',
  worker: 'w 1',
  contract: {
    mode: 'strict',
    objective: 'No regression',
    guidelines: ['small steps'],
    acceptance: ['the tests pass'],
    references: ['docs/plan.md'],
    granted: ['repo.open_pr'],
    withheld: ['repo.push_branch'],
    tools: ['npm'],
    epilogues: ['draft-pr'],
    nudgeOnCompletion: 'auto-review',
    requiresAcknowledgements: true,
  },
};

describe('what sessions are told when they start', () => {
  it('CP-52: names are quoted for the shell in every command, and the contract is spelled out', () => {
    const text = managerPrompt(briefing);
    const commands = text.match(/'\/home\/a b\/conveyor' [\w-]+ \S+/g) ?? [];
    assert.ok(commands.length > 10);
    const odd = commands.filter((command) => !/ (?:'the|'w|--once)$/.test(command));
    assert.deepEqual(odd, []);
    for (const said of ['strict', 'No regression', 'small steps', 'the tests pass', 'repo.open_pr', 'Ship it']) {
      assert.ok(text.includes(said), said);
    }
    assert.doesNotMatch(text, /<task>|<worker>|unbound|python/);
    const told = workerPrompt('Build it', { command: briefing.command, task: briefing.task ?? '' });
    assert.match(told, /'\/home\/a b\/conveyor' worker-ack 'the author'/);
  });

  it('name each way to reach somebody, the one to try first, and where a criterion can come from', () => {
    const text = managerPrompt(briefing);
    for (const said of [
      /session-nudge 'w 1' "…"/,
      /rather than the older\s+nudge/,
      /dispatch --once --type nudge_worker --json/,
      /manager_config is no source/,
    ]) {
      assert.match(text, said);
    }
  });

  it('CP-52: what is not known yet has one and the same placeholder', () => {
    const text = managerPrompt({ ...briefing, task: null, worker: null, goal: null, contract: null });
    assert.deepEqual([...new Set(text.match(/<[\w-]+>/g))].toSorted(), ['<task>', '<worker>']);
    assert.match(text, /- task: \(not supplied: ask the user\)/);
  });
});
