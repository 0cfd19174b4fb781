import assert from 'node:assert/strict';
import { classifyBusyWait, classifyStartup } from '../../../src/core/codex/classifyPane.ts';

const FOOTER = '\n\n  gpt-5 default · /work/demo';
const APPROVAL = [
  '  Would you like to run the following command?',
  '',
  '  $ touch x',
  '',
  '› 1. Yes, proceed (y)',
  '  2. No, and tell Codex what to do differently (esc)',
  '',
  '  Press enter to confirm or esc to cancel',
].join('\n');

function pattern(text: string, age: number | null = 90, recentEventCount = 0, title = ''): string | null {
  const found = classifyBusyWait({ text, title, statusAgeSeconds: age, busyWaitSeconds: 90, recentEventCount });
  return found?.pattern ?? null;
}

describe('what keeps a busy session', () => {
  it('is one of seven patterns with an action each', () => {
    const found = (text: string) => {
      const result = classifyBusyWait({ text, statusAgeSeconds: 90, busyWaitSeconds: 90 });
      return result === null ? null : [result.pattern, result.recommended_action];
    };
    assert.deepEqual(found('Starting MCP servers (1/3)'), ['mcp_startup', 'inspect_or_interrupt']);
    assert.deepEqual(found('approaching RATE limits, switch model?'), ['rate_limit_prompt', 'inspect_or_interrupt']);
    assert.deepEqual(found('Press enter to confirm or esc to cancel'), ['enter_to_confirm', 'inspect_or_confirm']);
    assert.deepEqual(found('Do you trust the contents of this directory?'), [
      'trust_prompt',
      'inspect_or_accept_trust',
    ]);
    assert.deepEqual(found('Create a plan? shift + tab'), ['plan_prompt', 'inspect_or_confirm']);
    assert.deepEqual(found('This needs approval\n 1. Allow\n 2. Deny'), ['approval_prompt', 'inspect_or_approve']);
    assert.deepEqual(found('Working (95s - esc to interrupt)'), ['long_running_interruptible', 'inspect_or_interrupt']);
    assert.equal(found('compiling module 3 of 9'), null);
  });

  it('OD-10: a prompt is reported however fresh the state is', () => {
    for (const age of [0, 9, 89, 90, 4000, null]) {
      assert.equal(pattern('Press enter to confirm', age), 'enter_to_confirm');
      assert.equal(pattern('Do you trust the contents of this directory?', age), 'trust_prompt');
      assert.equal(pattern(APPROVAL, age), 'approval_prompt');
    }
  });

  it('only what takes long needs time to pass, and an age that is known', () => {
    const busy = `• Working (95s • esc to interrupt)\n\n› Ask Codex to do anything${FOOTER}`;
    assert.equal(pattern(busy, 90), 'long_running_interruptible');
    assert.equal(pattern(busy, 89), null);
    assert.equal(pattern(busy, null), null);
    assert.equal(pattern(busy, 90, 10), null);
    assert.equal(pattern(busy, 90, 9), 'long_running_interruptible');
    const starting = `• Starting MCP servers (1/3): docs (9s • esc to interrupt)\n\n› Ask Codex to do anything${FOOTER}`;
    assert.equal(pattern(starting, 90), 'mcp_startup');
    assert.equal(pattern(starting, 9), null);
  });

  it('OD-10: the trust question is not hidden by the key hint below it', () => {
    assert.equal(pattern('Do you trust the contents of this directory?\nPress enter to confirm'), 'trust_prompt');
  });

  it('OD-10: what scrolled away is over', () => {
    const scrolled = (text: string) => `${text}\n${Array.from({ length: 60 }, (_, at) => `line ${at}`).join('\n')}`;
    assert.equal(pattern(scrolled('Starting MCP servers (1/3)')), null);
    assert.equal(pattern(scrolled('Do you trust the contents of this directory?')), null);
    assert.equal(pattern(scrolled('Press enter to confirm')), null);
    assert.equal(pattern(scrolled(APPROVAL)), null);
  });

  it('blank rows do not scroll a prompt away', () => {
    assert.equal(pattern(`needs approval: Allow?${'\n'.repeat(15)}1\n2\n3`), 'approval_prompt');
    assert.equal(pattern(`${APPROVAL}${'\n'.repeat(20)}`), 'approval_prompt');
  });

  it('text that talks about prompts is none, neither in an answer nor in the composer', () => {
    const quoted = `• The pane said "Press enter to confirm" and "Do you trust the contents of this directory?",\n  and esc to interrupt: it needs approval, allow or deny.`;
    assert.equal(pattern(`${quoted}\n\n› Ask Codex to do anything${FOOTER}`), null);
    assert.equal(pattern(`• Done.\n\n› Why does it say "Press enter to confirm"?${FOOTER}`), null);
    assert.equal(pattern('The reviewer gave approval yesterday'), null);
    assert.equal(pattern('notable_pane_pattern: approval_prompt, permission denied'), null);
  });

  it('believes the pane title when the screen says nothing', () => {
    assert.equal(pattern('???', 0, 0, '[ ! ] Action Required | demo'), 'approval_prompt');
    assert.equal(pattern('???', 0, 0, '[ . ] Action Required | demo'), 'approval_prompt');
    assert.equal(pattern('???', 0, 0, 'demo'), null);
  });

  it('an answered question above a bare prompt is over', () => {
    assert.equal(pattern('Do you trust the contents of this directory?\n› 1. Yes, continue   2. No, quit\n\n› '), null);
  });
});

describe('how far a fresh session has come', () => {
  it('goes by banner and words where it is not Codex as we know it', () => {
    const startup = (text: string) => classifyStartup(text).startup;
    assert.equal(startup(''), 'starting');
    assert.equal(startup('>_ OpenAI Codex (v1)'), 'starting');
    assert.equal(startup('>_ OpenAI Codex (v1)\n› '), 'ready');
    assert.equal(startup('command FAILED with status 3'), 'error');
    assert.equal(startup('error: old\nOpenAI Codex\n›'), 'ready');
    assert.equal(startup('OpenAI Codex\n› do you trust the contents of this directory'), 'needs_trust');
    assert.equal(startup('OpenAI Codex\n› type here\nWorking (2m • esc to interrupt)'), 'ready');
    assert.equal(startup('Working (95s - esc to interrupt)'), 'working');
  });

  it('is ready once the trust question was answered', () => {
    const asked =
      '>_ OpenAI Codex (v0.80.0)\nDo you trust the contents of this directory?\n› 1. Yes, continue   2. No, quit';
    assert.equal(classifyStartup(asked).startup, 'needs_trust');
    assert.equal(classifyStartup(`${asked}\n\n› `).startup, 'ready');
  });

  it('is not ready at a dialog, and says which one', () => {
    const { startup, startup_reason } = classifyStartup(
      '  Update available\n\n› 1. Update now (runs `npm`)\n  2. Skip\n\n  Press enter to continue',
    );
    assert.equal(startup, 'starting');
    assert.match(startup_reason, /update_prompt/);
  });
});
