import assert from 'node:assert/strict';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { acquireLease, leadershipLease, readLease, releaseLease } from '../../../src/core/ledger/leaseStore.ts';
import { dispatch } from '../../../src/core/operations/dispatch.ts';
import { dispatchDependenciesOf } from '../../../src/core/operations/dispatchDependencies.ts';
import { HostedContext, type OperationContext } from '../../../src/core/operations/operationContext.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { isSandboxed } from '../../../src/core/operations/sandbox.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

describe('a leader and the sandbox', () => {
  let temporary: TemporaryContext;

  beforeEach(() => {
    temporary = temporaryContext();
  });

  afterEach(() => temporary.dispose());

  const within = (options: { surface?: 'cli' | 'panel'; variables?: Record<string, string> }): HostedContext => {
    const { context, clock, host, processes, folder } = temporary;
    const ended = AbortSignal.abort();
    const surface = options.surface ?? 'cli';
    const variables = { HOME: folder, ...options.variables };
    return new HostedContext({
      surface,
      cwd: folder,
      variables,
      ledger: context.ledger,
      clock,
      host,
      processes,
      signal: ended,
    });
  };
  const watch = (context: OperationContext) => runOperation(dispatch, context, { watch: true });
  const isRefused = (error: unknown) => ConveyorError.is(error, 'not_supported') && error.message.includes('sandbox');

  it('is refused to a Codex: it would see dead processes and could type nowhere', async () => {
    await assert.rejects(watch(within({ variables: { CODEX_SANDBOX_NETWORK_DISABLED: '1' } })), isRefused);
    assert.equal(readLease(temporary.context.ledger, leadershipLease), null);
  });

  it('is refused where the supervisor that leads runs elsewhere, and not for one that led once', async () => {
    const at = { clock: temporary.clock, host: temporary.host };
    const { ledger } = temporary.context;
    const lease = acquireLease(ledger, at, leadershipLease, { holder: 'vscode-1', kind: 'window', milliseconds: 9000 });
    assert.ok(lease !== null);
    temporary.host.pidNamespace = 'pid:[2]';
    await assert.rejects(watch(within({})), isRefused);
    releaseLease(ledger, at, leadershipLease, lease);
    await watch(within({}));
  });

  it('is what an editor always may be, whoever led before it', () => {
    const at = { clock: temporary.clock, host: temporary.host };
    acquireLease(temporary.context.ledger, at, leadershipLease, { holder: 'x', kind: 'headless', milliseconds: 9000 });
    temporary.host.pidNamespace = 'pid:[2]';
    const panel = within({ surface: 'panel' });
    assert.equal(isSandboxed(within({})), true);
    assert.equal(isSandboxed(panel), false);
    assert.equal(dispatchDependenciesOf(panel, 'others').isSandboxed, false);
  });
});
