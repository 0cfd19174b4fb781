import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { parseCodexVersion } from '../../../src/core/codex/codexVersion.ts';
import { checkDiscovery, type Machine } from '../../../src/core/operations/discoveryChecks.ts';
import { FakeHostFacts, systemHostFacts } from '../../../src/core/ports/hostFacts.ts';

function machine(version: string | null, parts: Partial<Machine> = {}): Machine {
  const host = new FakeHostFacts();
  host.processes.set(process.pid, { openFiles: [realpathSync(process.execPath)] });
  return {
    host,
    hasTmux: true,
    version: version === null ? null : parseCodexVersion(version),
    isSandboxed: false,
    hasServer: false,
    ownThreadId: null,
    ...parts,
  };
}

const always = ['folder_and_time', 'status_screen', 'explicit_path'];
const working = (of: Machine) => checkDiscovery(of).flatMap(({ strategy, works }) => (works ? [strategy] : []));

describe('ways of finding a rollout', () => {
  it('are told by what this Codex does', () => {
    assert.deepEqual(working(machine('codex-cli 0.60.1')), ['open_rollout', ...always]);
    assert.deepEqual(working(machine('codex-cli 0.140.0')), ['open_rollout', 'pane_title', ...always]);
    const all = ['open_rollout', 'writer_lock', 'pane_title', ...always];
    assert.deepEqual(working(machine('codex-cli 0.169.0')), all);
    const inCodex = machine('codex-cli 0.169.0', { hasServer: true, ownThreadId: 'thread-1' });
    assert.deepEqual(
      checkDiscovery(inCodex).filter(({ works }) => !works),
      [],
    );
    const [open] = checkDiscovery(machine('codex-cli 0.169.0'));
    assert.match(open?.reason ?? '', /first message on; not for sessions on the shared background server/);
  });

  it('are fewer where processes hide their files, tmux is missing, or a sandbox is around', () => {
    const blind = machine('codex-cli 0.169.0', { host: new FakeHostFacts() });
    assert.deepEqual(working(blind), ['pane_title', ...always]);
    assert.deepEqual(working(machine('codex-cli 0.169.0', { hasTmux: false, isSandboxed: true })), ['explicit_path']);
    assert.deepEqual(working(machine(null)), ['open_rollout', 'folder_and_time', 'explicit_path']);
    for (const { reason } of checkDiscovery(blind)) assert.notEqual(reason, '');
  });

  it('are tried on this very machine', () => {
    const open = checkDiscovery(machine('codex-cli 0.169.0', { host: systemHostFacts }))[0];
    assert.deepEqual([open?.strategy, open?.works], ['open_rollout', true]);
  });
});
