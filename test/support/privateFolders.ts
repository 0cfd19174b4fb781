import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Loaded before every test (`.mocharc.json`): what the product keeps for the person goes to a folder of this run, whatever
 * environment a test hands on.
 */
const folder = mkdtempSync(join(tmpdir(), 'conveyor-person-'));
process.env['XDG_DATA_HOME'] = join(folder, 'data');
process.env['XDG_CONFIG_HOME'] = join(folder, 'config');
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
