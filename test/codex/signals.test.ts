import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { watchHookSignals } from '../../src/core/engine/hookSignals.ts';
import { listSignals } from '../../src/core/ledger/signalStore.ts';
import { findSession, upsertSession } from '../../src/core/ledger/sessionStore.ts';
import { signalFolder } from '../../src/core/operations/hookProgram.ts';
import { installHooks } from '../../src/core/operations/installHooks.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { runShell, say } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { CODEX, type RealCodex, setUpCodex } from './realCodex.ts';

describe('hooks of a real Codex', function () {
  this.timeout(120_000);
  let real: RealCodex;
  let context: HostedContext;

  before(async () => {
    real = await setUpCodex((request) => {
      if (request.lastUserText.startsWith('ask')) return runShell(request, 'touch asked', { escalate: true });
      return say('done');
    });
    const root = dirname(real.workspace);
    context = new HostedContext({
      surface: 'cli',
      cwd: root,
      variables: {
        ...process.env,
        ...real.codex.environment,
        // As on macOS, where it is below "Application Support".
        XDG_DATA_HOME: join(root, 'data with space'),
        WORKERCTL_STATE_ROOT: real.stateRoot,
        PATH: `${dirname(CODEX)}:${process.env.PATH}`,
      },
    });
  });
  after(async () => {
    context.close();
    await real.close();
  });

  it('tell of a turn, of a question and of the end, and are gone when they are taken out', async () => {
    const home = real.codex.home;
    const config = readFileSync(join(home, 'config.toml'), 'utf8');
    const preview = installHooks
      .output()
      .parse(await runOperation(installHooks, context, { dryRun: true, remove: false }));
    assert.deepEqual(
      preview.files.map(({ change }) => change),
      ['created'],
    );
    assert.throws(() => readFileSync(join(home, 'hooks.json')));
    await runOperation(installHooks, context, { dryRun: false, remove: false });

    // Whether to trust them is for the person; here it is the test's own.
    const started = await real.start('hooked', { extraArguments: ['--dangerously-bypass-hook-trust'] });
    const { ledger, clock } = context;
    const facts = { tmuxSession: started.tmuxSession, codexSessionPath: null, codexSessionId: started.codexSessionId };
    ledger.write(() =>
      upsertSession(
        ledger,
        { name: 'hooked', role: 'worker', ...facts, pid: started.pid, cwd: started.cwd },
        clock.now(),
      ),
    );
    const session = findSession(ledger, 'hooked');
    assert.ok(session);
    const folder = signalFolder(context.ledgerFile, context.variables);
    const errors: unknown[] = [];
    const watch = watchHookSignals({ ledger, folder, onSignal: () => {}, onError: (error) => errors.push(error) });
    const has = (kind: string) => listSignals(ledger, session.id).some((signal) => signal.kind === kind);

    await real.deliver(started, 'hello');
    await until('the end of the turn is reported', () => has('turn_started') && has('turn_ended'));
    await real.deliver(started, 'ask me');
    await until('the question is reported', () => has('approval_requested'));
    watch.close();
    assert.deepEqual(errors, []);

    await runOperation(installHooks, context, { dryRun: false, remove: true });
    assert.throws(() => readFileSync(join(home, 'hooks.json')));
    // Codex itself writes into its configuration; nothing of ours is in it.
    assert.doesNotMatch(readFileSync(join(home, 'config.toml'), 'utf8'), /codex-hook/);
    assert.ok(readFileSync(join(home, 'config.toml'), 'utf8').startsWith(config.slice(0, 40)));
  });
});
