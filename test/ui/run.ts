import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import Mocha from 'mocha';

import { installServer } from '../host/installServer.ts';
import { pack, screenshots, Stand } from './stand.ts';
import { describeAnswers } from './suite/answers.test.ts';
import { describeLooks } from './suite/looks.test.ts';
import { describePalette } from './suite/palette.test.ts';
import { describeSidebar } from './suite/sidebar.test.ts';
import { describeTerminal } from './suite/terminal.test.ts';
import { describeTimeline } from './suite/timeline.test.ts';
import { describeTwoWindows } from './suite/twoWindows.test.ts';
import { describeUntrusted } from './suite/untrusted.test.ts';
import { describeWelcome } from './suite/welcome.test.ts';
import { Workbench } from './workbench.ts';

/** The packaged extension in a real VS Code, used through a real browser. */
async function main(): Promise<void> {
  mkdirSync(screenshots, { recursive: true });
  const mocha = new Mocha({ ui: 'bdd', timeout: 180_000, reporter: 'spec', bail: false });
  const only = process.argv[2] || undefined;
  if (only !== undefined) mocha.grep(only);
  mocha.suite.emit('pre-require', globalThis, '', mocha);

  // Once and without a deadline: a hook that gives up while it goes on would leave the next one in its way.
  await installServer((line) => process.stderr.write(`${line}\n`));
  const packed = await pack('fake');
  const real = await pack('real');
  let current: { stand: Stand; workbench: Workbench } | null = null;
  const failures = join(screenshots, '..', 'failures');
  mkdirSync(failures, { recursive: true });
  mocha.suite.afterEach('picture of a failure', async function pictureOfFailure() {
    const test = this.currentTest;
    if (test?.state !== 'failed') return;
    const name = test.fullTitle().replaceAll(/\W+/g, '-').slice(-100);
    await Workbench.last?.screenshot(join(failures, `${name}.png`)).catch(() => {});
  });
  const place = () => {
    if (!current) throw new Error('the workbench is not open');
    return current;
  };
  describe('in a trusted folder', () => {
    before(async () => {
      const stand = await Stand.build({ vsix: packed.vsix });
      current = { stand, workbench: await stand.open() };
    });
    after(async () => {
      await current?.stand.end();
    });
    describeWelcome(place);
    describeSidebar(place);
    describePalette(place);
    describeAnswers(place);
    describeTerminal(place);
    describeTimeline(place);
    describeLooks(place);
  });
  describeUntrusted(() => packed.vsix);
  describeTwoWindows(() => real);

  const counts = { passed: 0, failed: 0 };
  await new Promise<void>((done) => {
    mocha
      .run(() => done())
      .on('pass', () => void (counts.passed += 1))
      .on('fail', () => void (counts.failed += 1));
  });
  packed.remove();
  real.remove();
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
  process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

await main();
