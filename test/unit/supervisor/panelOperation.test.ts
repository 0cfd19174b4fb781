import assert from 'node:assert/strict';

import { parseInput } from '../../../src/core/operations/argument.ts';
import { loadOperation } from '../../../src/core/operations/registry.ts';
import { type PanelOperation, type PanelOperationInput, panelOperations } from '../../../src/protocol/operations.ts';
import { operationCall } from '../../../src/supervisor/panelOperation.ts';

type Sample = { readonly [Name in PanelOperation]: readonly PanelOperationInput<Name>[] };

const registration = { name: 'w', tmuxSession: 'codex-w', pid: 4711, cwd: '/work' };

/** At least one input of each operation that the panel can ask for. */
const samples: Sample = {
  'install-hooks': [
    { dryRun: true, remove: false },
    { dryRun: false, remove: true, expect: 'd' },
  ],
  pair: [{ task: 't', goal: 'g', worker: 'w', manager: 'm', prompt: 'p', cwd: '/work' }],
  'register-worker': [registration, { name: 'w', tmuxSession: 'codex-w', cwd: '/work' }],
  'register-manager': [registration],
  tasks: [{ create: 't', goal: 'g' }],
  bind: [{ task: 't', worker: 'w', manager: 'm' }],
  cycle: [{ task: 't' }],
  'session-nudge': [{ name: 'w', text: 'go on' }],
  'session-interrupt': [{ name: 'w' }, { name: 'w', followup: 'then this' }],
  approve: [{ name: 'w', option: 2, expect: '0123456789abcdef' }],
  resume: [{ name: 'w' }],
  confirm: [{ name: 'w' }],
  deny: [{ name: 'w', expect: '0123456789abcdef' }],
  criteria: [
    { task: 't', action: 'add', criterion: 'c', source: 'user_requested', status: 'accepted' },
    { task: 't', action: 'accept', id: 1 },
    { task: 't', action: 'satisfy', id: 1, proof: 'p' },
    { task: 't', action: 'defer', id: 1, rationale: 'r' },
    { task: 't', action: 'reject', id: 1, rationale: 'r' },
  ],
  'finish-task': [{ task: 't', reason: 'r', stopWorker: true, stopManager: false }],
  stop: [{ name: 'w' }],
  'mark-read': [{ name: 'w' }],
  doctor: [{}],
};

describe('what the panel asks for', () => {
  for (const name of Object.keys(panelOperations).filter((key): key is PanelOperation => key in samples)) {
    it(`is what the operation of core takes: ${name}`, async () => {
      assert.ok(samples[name].length > 0);
      for (const sample of samples[name]) await acceptsSample(name, sample);
    });
  }
});

async function acceptsSample<Name extends PanelOperation>(
  name: Name,
  sample: PanelOperationInput<Name>,
): Promise<void> {
  const call = operationCall(name, sample);
  const operation = await loadOperation(call.name);
  assert.ok(operation, call.name);
  const parsed: Readonly<Record<string, unknown>> = parseInput(operation.inputs, call.input);
  for (const [key, value] of Object.entries(call.input)) {
    if (value !== null) assert.deepEqual(parsed[key], value, `${name} loses ${key}`);
  }
}
