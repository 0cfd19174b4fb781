import assert from 'node:assert/strict';
import { join } from 'node:path';

import type { PanelSnapshot } from '../../../src/protocol/snapshot.ts';
import { aSnapshot } from '../../host/builders.ts';
import { eventually, screenshots, type Stand } from '../stand.ts';
import type { Workbench } from '../workbench.ts';

type Cause = readonly [name: string, parts: Partial<PanelSnapshot>, sentence: RegExp, button: string];

const causes: readonly Cause[] = [
  ['no task', {}, /No task yet\. Start a worker and a manager/, 'Start Supervised Pair'],
  [
    'no tmux',
    { problems: [{ kind: 'no_tmux', message: 'tmux was not found.', remedy: null }] },
    /tmux was not found/,
    'Set tmux Path',
  ],
  [
    'no Codex',
    { problems: [{ kind: 'no_codex', message: 'Codex was not found.', remedy: null }] },
    /Codex was not found/,
    'Set Codex Path',
  ],
  [
    'another window leads',
    {
      leader: { id: 'vscode-9999', thisWindow: false, heartbeatAgeMs: 500 },
      problems: [{ kind: 'other_window_leads', message: 'Another window leads.', remedy: null }],
    },
    /Another window or a headless dispatcher leads/,
    'Start Supervised Pair',
  ],
  [
    'a ledger from a newer release',
    { problems: [{ kind: 'ledger_newer', message: 'The ledger is newer.', remedy: 'Update the extension.' }] },
    /can't be used as it is/,
    'Run Doctor',
  ],
];

export function describeWelcome(place: () => { stand: Stand; workbench: Workbench }): void {
  describe('an empty Tasks view', () => {
    for (const [name, parts, sentence, button] of causes) {
      it(`says why and offers one way on: ${name}`, async () => {
        const { stand, workbench } = place();
        stand.setWorld({ snapshot: aSnapshot(parts) });
        await workbench.openConveyor();
        const welcome = workbench.view('Tasks').locator('.welcome-view-content');
        await eventually(async () => assert.match(await welcome.innerText(), sentence));
        assert.deepEqual(await welcome.locator('.monaco-button').allInnerTexts(), [button]);
        await workbench.screenshot(join(screenshots, `welcome-${name.replaceAll(/\W+/g, '-')}.png`));
      });
    }
  });
}
