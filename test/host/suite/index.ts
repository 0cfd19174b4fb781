import { writeFileSync } from 'node:fs';

import Mocha from 'mocha';

/** What VS Code calls inside the extension host. The counts go to the file the runner named. */
export async function run(): Promise<void> {
  const suite = process.env['CONVEYOR_HOST_SUITE'] ?? 'trusted';
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, reporter: 'spec', color: false });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  if (suite === 'untrusted') await import('./untrusted.test.ts');
  else {
    await import('./commands.test.ts');
    await import('./trees.test.ts');
    await import('./terminals.test.ts');
    await import('./timeline.test.ts');
    await import('./engine.test.ts');
  }
  const counts = { passed: 0, failed: 0 };
  await new Promise<void>((done) => {
    mocha
      .run(() => done())
      .on('pass', () => void (counts.passed += 1))
      .on('fail', () => void (counts.failed += 1));
  });
  writeFileSync(process.env['CONVEYOR_HOST_RESULTS'] ?? '/dev/null', JSON.stringify(counts));
  if (counts.failed > 0) throw new Error(`${counts.failed} failed`);
}
