import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { shimFolder } from '../../../src/core/operations/shimFolder.ts';
import { permissionFilePath } from '../../../src/core/operations/userPermissions.ts';

describe("the user's own folders", () => {
  it("are where the variables say, and in the account's home when they say nothing", () => {
    const home = '/home/of/someone';
    assert.equal(permissionFilePath({ HOME: home }), join(home, '.config/agent-conveyor/permissions.json'));
    assert.equal(permissionFilePath({ XDG_CONFIG_HOME: '/c', HOME: home }), '/c/agent-conveyor/permissions.json');
    assert.equal(permissionFilePath({}), join(homedir(), '.config/agent-conveyor/permissions.json'));
    assert.ok(shimFolder('/l/workerctl.db', { XDG_DATA_HOME: '/d', HOME: home }).startsWith('/d/agent-conveyor/'));
    assert.ok(shimFolder('/l/workerctl.db', { HOME: home }).startsWith(home));
    assert.ok(shimFolder('/l/workerctl.db', {}).startsWith(homedir()));
  });

  it('are never in the folder that one works in, where agents write', () => {
    for (const value of ['', 'relative', './here']) {
      const variables = { HOME: value, XDG_CONFIG_HOME: value, XDG_DATA_HOME: value };
      assert.ok(permissionFilePath(variables).startsWith(join(homedir(), '.config')), value);
      assert.ok(shimFolder('/l/workerctl.db', variables).startsWith(homedir()), value);
    }
  });
});
