import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runTests } from '@vscode/test-electron';

import { hostResults } from './hostResult.ts';
import { stageExtension } from './stageExtension.ts';

/**
 * The host suite on a desktop VS Code, which is downloaded: `npm run test:desktop`, under Xvfb on a machine without a
 * screen. Not part of `npm test`, whose machines may have no way to the download.
 */
const staged = await stageExtension();
const scratch = mkdtempSync(join(tmpdir(), 'conveyor-desktop-'));
const workspace = join(scratch, 'workspace');
const results = join(scratch, 'results.json');
mkdirSync(workspace);
try {
  await runTests({
    extensionDevelopmentPath: staged.folder,
    extensionTestsPath: staged.tests,
    extensionTestsEnv: { CONVEYOR_HOST_SUITE: 'trusted', CONVEYOR_HOST_RESULTS: results, WORKERCTL_STATE_ROOT: '' },
    launchArgs: [
      workspace,
      '--disable-workspace-trust',
      '--disable-extensions',
      '--user-data-dir',
      join(scratch, 'user'),
    ],
  });
} finally {
  const ended = hostResults.parse(JSON.parse(readFileSync(results, 'utf8')));
  const failed = ended.filter(({ failure }) => failure !== null);
  for (const { title, failure } of failed) console.log(`${title}\n${failure}`);
  console.log(`${ended.length - failed.length} passed, ${failed.length} failed`);
  rmSync(scratch, { recursive: true, force: true });
  rmSync(staged.folder, { recursive: true, force: true });
}
