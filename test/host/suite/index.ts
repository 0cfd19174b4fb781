import { writeFileSync } from 'node:fs';

import Mocha from 'mocha';

import type { HostResult } from '../hostResult.ts';

/** What VS Code calls inside the extension host. What came of each test goes to the file the runner named. */
export async function run(): Promise<void> {
  const suite = process.env['CONVEYOR_HOST_SUITE'] ?? 'trusted';
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, reporter: 'min' });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  if (suite === 'untrusted') await import('./untrusted.test.ts');
  else if (suite === 'shared') await import('./shared.test.ts');
  else if (suite === 'real') await import('./realEngine.test.ts');
  else {
    await import('./commands.test.ts');
    await import('./trees.test.ts');
    await import('./terminals.test.ts');
    await import('./timeline.test.ts');
    await import('./engine.test.ts');
  }
  const results: HostResult[] = [];
  await new Promise<void>((done) => {
    mocha
      .run(() => done())
      .on(
        'pass',
        (test) => void results.push({ title: test.fullTitle(), durationMs: test.duration ?? 0, failure: null }),
      )
      .on('fail', (test, error: Error) => {
        results.push({
          title: test.fullTitle(),
          durationMs: test.duration ?? 0,
          failure: error.stack ?? error.message,
        });
      });
  });
  writeFileSync(process.env['CONVEYOR_HOST_RESULTS'] ?? '/dev/null', JSON.stringify(results));
  const failed = results.filter(({ failure }) => failure !== null).length;
  if (failed > 0) throw new Error(`${failed} failed`);
}
